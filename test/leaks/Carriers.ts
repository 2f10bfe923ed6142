// The carriers of the search, each with the sinks that its marker has to reach: a sink that it does not reach was not
// searched for it.
import * as Probes from "./programs/Probes.ts"
import * as Traffic from "./Traffic.ts"

/** Where bytes leave the program: `spans` is every sink of spans that it has, `links` those that know attributes of links. */
export type Sink = "spans" | "links" | "sentry" | "log" | "metrics" | "answers"

/** What a carrier's marker reaches. Kept back is what shows only when nothing is scrubbed, or not even then. */
const reached: Readonly<Record<string, ReadonlyArray<Sink>>> = {
  "request path": ["spans"],
  "request path of a route": ["spans"],
  "request query": ["spans"],
  "request query of text": ["spans"],
  "request headers": ["spans"],
  "request ids": ["spans"],
  "request body": ["answers"],
  "request body of a wrong shape": ["spans"],
  "pattern input": ["answers"],
  // The program tells nobody what it was asked for here, and its metrics server not what was asked of it.
  "security of a pattern": [],
  "metrics path": [],

  "log message": ["log"],
  "log values": ["log"],
  "log cause": ["log"],
  "log key": ["log"],
  "log span": ["log"],
  "log annotations": ["log"],
  "log annotation text": ["log"],
  "log annotation object": ["log"],
  "log annotation list": ["log"],
  "log annotation map": ["log"],
  "log annotation set": ["log"],
  "log annotation url": ["log"],
  "log annotation headers": ["log"],
  "log annotation json": ["log"],
  "log annotation json in json": ["log"],
  "log annotation error": ["log"],
  // Of bytes only their number is told, and Effect's logger makes nothing of parameters: the marker stands beside them.
  "log annotation buffer": ["log"],
  "log annotation bytes": ["log"],
  "log annotation parameters": ["log"],

  "span name": ["spans"],
  "span attributes": ["spans"],
  "span attribute text": ["spans"],
  "span attribute object": ["spans"],
  "span attribute list": ["spans"],
  "span attribute url": ["spans"],
  "span attribute json": ["spans"],
  "span attribute json in json": ["spans"],
  "span attribute error": ["spans"],
  "span attribute key": ["spans"],
  // Effect's tracer makes `{}` of these, or a list of numbers: the marker stands beside them.
  "span attribute map": ["spans"],
  "span attribute set": ["spans"],
  "span attribute buffer": ["spans"],
  "span attribute bytes": ["spans"],
  "span attribute headers": ["spans"],
  "span attribute parameters": ["spans"],
  "span event": ["spans"],
  "span link": ["links"],
  "span failure": ["spans"],
  "span defect": ["spans"],

  event: ["sentry", "log", "spans"],
  "event of sql": ["sentry"],
  "event extra": ["sentry"],
  "event message": ["sentry"],

  "sql text": ["spans"],
  "sql comment": ["spans"],
  "sql identifier": ["spans"],
  // Values of parameters are not recorded; what Postgres repeats of them is taken out whole.
  "sql parameter": [],
  "sql syntax": [],
  "sql unique": [],

  "client query": ["spans"],
  "client path": ["spans"],
  "client headers": ["spans"],
  "client body": ["spans"],
  "client user": ["spans"],
  "client refused": ["spans"],
  "provider refusal": ["spans"],
  "provider answer": ["spans"],

  "label service": ["metrics", "spans"],
  "label capability": ["metrics", "spans"],
  "label pattern": ["metrics", "spans"],
  "label endpoint": ["metrics", "spans"],
  "label table": ["metrics", "spans"],
  "metric attribute": ["metrics"]
}

/**
 * What an error event is made of; what the probe puts there has the marker with this word behind it. Errors of schemas
 * and of `JSON.parse` repeat nothing of what they were given, or ten characters; of a thrown object its kind is told.
 */
const partsOfEvent = [
  "message",
  "cause",
  "field",
  "tag",
  "breadcrumb",
  "step",
  "role",
  "operation",
  "said"
]

/** The markers of the parts of an error event, which have to reach Sentry. */
export const eventMarkers: ReadonlyArray<string> = partsOfEvent.map((part) => Traffic.markerOf("event") + part)

/** A way through the program. */
export interface Carrier {
  readonly name: string
  readonly marker: string
  readonly reaches: ReadonlyArray<Sink>
}

/** All of them. */
export const carriers: ReadonlyArray<Carrier> = [...Object.keys(Traffic.requests), ...Probes.names].map((name) => {
  const reaches = reached[name]
  if (reaches === undefined) throw new Error(`nobody says what the carrier ${name} reaches`)
  return { name, marker: Traffic.markerOf(name), reaches }
})
