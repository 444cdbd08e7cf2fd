/** Writes dashboard.ndjson, the saved objects for Kibana: `node dashboard.ts > dashboard.ndjson`. */

const INDEX = 'falco-alerts'

/** A column of a visualization: the largest values of a field. */
const terms = (id: string, field: string, size: number, schema: string) => ({
  id,
  enabled: true,
  type: 'terms',
  schema,
  params: { field, orderBy: '1', order: 'desc', size, otherBucket: false, missingBucket: false },
})

const overTime = {
  id: '2',
  enabled: true,
  type: 'date_histogram',
  schema: 'segment',
  params: { field: '@timestamp', interval: 'auto', min_doc_count: 1 },
}

const count = { id: '1', enabled: true, type: 'count', schema: 'metric', params: {} }

/** One visualization: what it shows, and how wide and high it is, of 48 columns. */
const VISUALIZATIONS = [
  {
    id: 'falco-top-rules',
    title: 'Top 20 rules triggered',
    type: 'horizontal_bar',
    aggs: [terms('2', 'rule', 20, 'segment')],
    w: 24,
    h: 20,
  },
  {
    id: 'falco-priorities',
    title: 'Alerts by priority',
    type: 'pie',
    aggs: [terms('2', 'priority', 8, 'segment')],
    w: 24,
    h: 20,
  },
  {
    id: 'falco-over-time',
    title: 'Alerts over time',
    type: 'histogram',
    aggs: [overTime, terms('3', 'priority', 8, 'group')],
    w: 48,
    h: 14,
  },
  {
    id: 'falco-hosts',
    title: 'Hosts with most alerts',
    type: 'table',
    aggs: [terms('2', 'hostname', 20, 'bucket')],
    w: 24,
    h: 16,
  },
  { id: 'falco-tags', title: 'Tags', type: 'table', aggs: [terms('2', 'tags', 20, 'bucket')], w: 24, h: 16 },
]

const REFERENCE = 'kibanaSavedObjectMeta.searchSourceJSON.index'

const pattern = {
  id: INDEX,
  type: 'index-pattern',
  attributes: { title: 'falco-*', name: 'Falco alerts', timeFieldName: '@timestamp' },
  references: [],
}

const visualizations = VISUALIZATIONS.map(({ id, title, type, aggs }) => ({
  id,
  type: 'visualization',
  attributes: {
    title,
    visState: JSON.stringify({ title, type, aggs: [count, ...aggs], params: {} }),
    uiStateJSON: '{}',
    description: '',
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({
        query: { query: '', language: 'kuery' },
        filter: [],
        indexRefName: REFERENCE,
      }),
    },
  },
  references: [{ name: REFERENCE, type: 'index-pattern', id: INDEX }],
}))

/** Places them in rows of 48 columns. */
function panels() {
  let [x, y, row] = [0, 0, 0]
  return VISUALIZATIONS.map(({ w, h }, i) => {
    if (x + w > 48) [x, y, row] = [0, y + row, 0]
    const gridData = { x, y, w, h, i: String(i) }
    x += w
    row = Math.max(row, h)
    return { type: 'visualization', panelIndex: String(i), gridData, embeddableConfig: {}, panelRefName: `panel_${i}` }
  })
}

const dashboard = {
  id: 'falco-dashboard',
  type: 'dashboard',
  attributes: {
    title: 'Falco alerts',
    description: 'What falc has detected',
    timeRestore: true,
    timeFrom: 'now-24h',
    timeTo: 'now',
    optionsJSON: JSON.stringify({ useMargins: true, hidePanelTitles: false }),
    panelsJSON: JSON.stringify(panels()),
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
    },
  },
  references: VISUALIZATIONS.map(({ id }, i) => ({ name: `panel_${i}`, type: 'visualization', id })),
}

for (const object of [pattern, ...visualizations, dashboard]) console.log(JSON.stringify(object))
