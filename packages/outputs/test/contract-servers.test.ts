/** The contract suite on real servers, which may not be installed. */
import { contract } from './contract.ts'
import { SERVERS } from './transports/list.ts'

contract(SERVERS)
