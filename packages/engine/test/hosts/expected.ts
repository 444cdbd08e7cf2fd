/** What `run` of program.ts gives on every host, whichever backend the host allows. */
export const EXPECTED = {
  loaded: true,
  alerts: [
    '2023-11-14T22:13:20.000000000+0000: Warning eve got 25000 from 10.0.0.7',
    '2023-11-14T22:13:20.000000000+0000: Warning admin got 1 from ::1',
  ],
  error: "Item has no mapping for key 'condition'",
}
