// What a user wires by hand, `@sentry/node` first: modules run in this order.
export { processor } from "./byHand.ts"
export { client } from "./instrument.ts"
