/** MITRE ATT&CK's tactics for enterprises, as Falco's tags spell them. */
export const TACTICS: ReadonlySet<string> = new Set([
  ...['reconnaissance', 'resource_development', 'initial_access', 'execution', 'persistence', 'privilege_escalation'],
  ...['defense_evasion', 'credential_access', 'discovery', 'lateral_movement', 'collection', 'command_and_control'],
  ...['exfiltration', 'impact', 'stealth', 'defense_impairment'],
])

/** Numbers of MITRE ATT&CK's techniques for enterprises (v15), without those that have been revoked. */
const TECHNIQUES: ReadonlySet<number> = new Set(
  `
1001 1003 1005 1006 1007 1008 1010 1011 1012 1014 1016 1018 1020 1021 1025 1027 1029 1030 1033 1036 1037 1039 1040 1041 1046 1047
1048 1049 1052 1053 1055 1056 1057 1059 1068 1069 1070 1071 1072 1074 1078 1080 1082 1083 1087 1090 1091 1092 1095 1098 1102 1104
1105 1106 1110 1111 1112 1113 1114 1115 1119 1120 1123 1124 1125 1127 1129 1132 1133 1134 1135 1136 1137 1140 1176 1185 1187 1189
1190 1195 1197 1199 1200 1201 1202 1203 1204 1205 1207 1210 1211 1212 1213 1216 1217 1218 1219 1220 1221 1222 1480 1482 1484 1485
1486 1489 1490 1491 1495 1496 1497 1498 1499 1505 1518 1525 1526 1528 1529 1530 1531 1534 1535 1537 1538 1539 1542 1543 1546 1547
1548 1550 1552 1553 1554 1555 1556 1557 1558 1559 1560 1561 1562 1563 1564 1565 1566 1567 1568 1569 1570 1571 1572 1573 1574 1578
1580 1583 1584 1585 1586 1587 1588 1589 1590 1591 1592 1593 1594 1595 1596 1597 1598 1599 1600 1601 1602 1606 1608 1609 1610 1611
1612 1613 1614 1615 1619 1620 1621 1622 1647 1648 1649 1650 1651 1652 1653 1654 1656 1657 1659 1665
`
    .trim()
    .split(/\s+/)
    .map(Number),
)
const LATEST = Math.max(...TECHNIQUES)

/** Whether there is such a technique, or may be, since MITRE adds more. @param tag `T1059` or `T1059.004` */
export function isTechnique(tag: string): boolean {
  const number = Number(tag.slice(1, 5))
  return number > LATEST || TECHNIQUES.has(number)
}
