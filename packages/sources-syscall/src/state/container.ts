export { Container, type ContainerInfo } from './thread/container.ts'
