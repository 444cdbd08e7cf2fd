/** The contract on servers: those that machines may lack. */
import { contract } from './contract.ts'
import { SERVERS } from './transports/list.ts'

contract(SERVERS)
