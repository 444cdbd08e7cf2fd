/** MITRE ATT&CK as Falco's rules name it in their tags: `T1059`, `T1059.004`, `mitre_execution`. */

export interface Tactic {
  readonly id: string
  readonly name: string
}

/** By tag without `mitre_`. */
const TACTICS: Readonly<Record<string, Tactic>> = {
  reconnaissance: { id: 'TA0043', name: 'Reconnaissance' },
  resource_development: { id: 'TA0042', name: 'Resource Development' },
  initial_access: { id: 'TA0001', name: 'Initial Access' },
  execution: { id: 'TA0002', name: 'Execution' },
  persistence: { id: 'TA0003', name: 'Persistence' },
  privilege_escalation: { id: 'TA0004', name: 'Privilege Escalation' },
  defense_evasion: { id: 'TA0005', name: 'Defense Evasion' },
  credential_access: { id: 'TA0006', name: 'Credential Access' },
  discovery: { id: 'TA0007', name: 'Discovery' },
  lateral_movement: { id: 'TA0008', name: 'Lateral Movement' },
  collection: { id: 'TA0009', name: 'Collection' },
  command_and_control: { id: 'TA0011', name: 'Command and Control' },
  exfiltration: { id: 'TA0010', name: 'Exfiltration' },
  impact: { id: 'TA0040', name: 'Impact' },
}

/** The tactics, techniques (T1059, including those of sub-techniques) and sub-techniques (T1059.004) that tags name. */
export function mitre(tags: readonly string[]) {
  const words = tags.map(tag => tag.replace(/^mitre_/, ''))
  const subtechniques = words.filter(word => /^T\d{4}\.\d{3}$/.test(word))
  const techniques = [...words.filter(word => /^T\d{4}$/.test(word)), ...subtechniques.map(id => id.slice(0, 5))]
  return {
    tactics: words.flatMap(word => (Object.hasOwn(TACTICS, word) ? [TACTICS[word]!] : [])),
    techniques: [...new Set(techniques)],
    subtechniques,
  }
}
