import { defaults, gateway, heartbeatUrl, notificationsUrl, store } from "@dawsos/observability/dawsos/mixin"
import { JaegerConfig } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Yaml from "yaml"

const root = Path.resolve(import.meta.dirname, "..")
const text = readFileSync(Path.join(root, "docker-compose.observability.yml"), "utf8")
const compose = Yaml.parse(text, { merge: true })
const services: Readonly<Record<string, ReturnType<typeof Yaml.parse>>> = compose.services
const entries = Object.entries(services)
const running = entries.filter(([name]) => name !== "init")

/** Source, target and mode of each mount of a service. */
const mounts = (name: string): ReadonlyArray<ReadonlyArray<string>> =>
  (services[name]?.volumes ?? []).map((volume: string) => volume.split(":"))

const volumesOf = (name: string) => mounts(name).filter(([source = ""]) => !source.startsWith("."))

describe("docker-compose.observability.yml", () => {
  it("has the four back ends, a service that answers by default, and a gateway for those who ask for it", () => {
    assert.deepStrictEqual(Object.keys(services).toSorted(), [
      "alertmanager",
      "gateway",
      "grafana",
      "init",
      "jaeger",
      "notifications",
      "prometheus"
    ])
    assert.deepStrictEqual(entries.flatMap(([name, { profiles }]) => profiles === undefined ? [] : [name]), ["gateway"])
    assert.notProperty(compose, "version")
  })

  it("pins every image to a version", () => {
    for (const [name, { image }] of entries) assert.match(image, /^[a-z/]+:v?\d+\.\d+\.\d+(-alpine)?$/, name)
    const images = Object.fromEntries(entries.map(([name, { image }]) => [name, image]))
    assert.deepStrictEqual(images, {
      init: images["jaeger"],
      jaeger: "jaegertracing/jaeger:2.20.0",
      gateway: images["jaeger"],
      notifications: "node:24.21.0-alpine",
      alertmanager: "prom/alertmanager:v0.34.0",
      prometheus: "prom/prometheus:v3.13.5",
      grafana: "grafana/grafana:13.2.3"
    })
  })

  it("runs notifications on the Node that runs everything else here", () => {
    const { devDependencies } = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8"))
    assert.strictEqual(services["notifications"].image, `node:${devDependencies.node}-alpine`)
  })

  it("opens these ports, to this machine alone", () => {
    const ports = (name: string): ReadonlyArray<string> => services[name].ports ?? []
    assert.deepStrictEqual(
      entries.filter(([, { profiles }]) => profiles === undefined).flatMap(([name]) => ports(name)),
      [
        "127.0.0.1:16686:16686",
        "127.0.0.1:14268:14268",
        "127.0.0.1:4318:4318",
        "127.0.0.1:6831:6831/udp",
        "127.0.0.1:9093:9093",
        "127.0.0.1:9090:9090",
        "127.0.0.1:3000:3000"
      ]
    )
    assert.deepStrictEqual(ports("gateway"), ["127.0.0.1:4319:4318"])
  })

  it("publishes ports of Jaeger on which its configuration listens", () => {
    const listened: ReadonlyArray<number> = Object.values(JaegerConfig.ports)
    for (const port of [...services["jaeger"].ports, ...services["gateway"].ports]) {
      assert.include(listened, Number(/:(\d+)(\/udp)?$/.exec(port)?.[1]), port)
    }
  })

  it("keeps metrics, traces, silences and dashboards in volumes of their own", () => {
    assert.deepStrictEqual(Object.keys(compose.volumes), ["metrics", "traces", "silences", "dashboards"])
    assert.deepStrictEqual(running.flatMap(([name]) => volumesOf(name)), [
      ["traces", "/badger"],
      ["silences", "/alertmanager"],
      ["metrics", "/prometheus"],
      ["dashboards", "/var/lib/grafana"]
    ])
    assert.include(services["prometheus"].command, "--storage.tsdb.path=/prometheus")
    assert.include(services["alertmanager"].command, "--storage.path=/alertmanager")
  })

  it("leaves no nameless volume behind where Jaeger's image declares one", () => {
    for (const name of ["init", "jaeger", "gateway"]) assert.deepStrictEqual(services[name].tmpfs, ["/tmp"], name)
  })

  it("keeps samples for longer than a month, in a bounded space", () => {
    const flag = (name: string) =>
      services["prometheus"].command.find((one: string) => one.startsWith(name))?.split("=")[1]
    assert.isAtLeast(Number(/^(\d+)d$/.exec(flag("--storage.tsdb.retention.time"))?.[1]), 31)
    assert.match(flag("--storage.tsdb.retention.size"), /^\d+GB$/)
  })

  it("mounts folders of the repository, read-only", () => {
    for (const [name] of entries) {
      for (const [source = "", target, mode] of mounts(name)) {
        if (!source.startsWith(".")) continue
        assert.strictEqual(mode, "ro", `${name}: ${target}`)
        assert.match(source, /^\.\/(observability\/|scripts\/notifications$)/)
        assert.isTrue(existsSync(Path.join(root, source)), `${source} is not there`)
      }
    }
  })

  it("gives every service a root that is read-only, no privilege, and a limit of memory", () => {
    for (const [name, service] of entries) {
      assert.strictEqual(service.read_only, true, name)
      assert.deepStrictEqual(service.cap_drop, ["ALL"], name)
      assert.deepStrictEqual(service.security_opt, ["no-new-privileges:true"], name)
      assert.match(service.mem_limit, /^\d+[mg]$/, name)
      assert.notProperty(service, "privileged")
    }
    assert.deepStrictEqual(entries.flatMap(([name, { cap_add }]) => cap_add === undefined ? [] : [[name, cap_add]]), [
      ["init", ["CHOWN"]]
    ])
  })

  it("asks every service for its health, by a program that its image has", () => {
    for (const [name, { healthcheck }] of running) {
      // BusyBox, of which these images are made, has wget; 127.0.0.1, since localhost may be ::1 there.
      assert.deepStrictEqual(
        healthcheck.test.slice(0, 4),
        ["CMD", "wget", "--quiet", "--output-document=/dev/null"],
        name
      )
      assert.match(healthcheck.test[4], /^http:\/\/127\.0\.0\.1:\d+\//, name)
    }
  })

  it("starts a service when those that it needs are healthy", () => {
    const needs = Object.fromEntries(entries.map(([name, { depends_on }]) => [
      name,
      Object.fromEntries(
        Object.entries<{ readonly condition: string }>(depends_on ?? {}).map((
          [other, { condition }]
        ) => [other, condition])
      )
    ]))
    assert.deepStrictEqual(needs, {
      init: {},
      jaeger: { init: "service_completed_successfully" },
      gateway: { jaeger: "service_healthy" },
      notifications: {},
      alertmanager: { notifications: "service_healthy" },
      prometheus: { alertmanager: "service_healthy", jaeger: "service_healthy" },
      grafana: { prometheus: "service_healthy", jaeger: "service_healthy" }
    })
  })

  it("reaches a backend that runs on the host", () => {
    for (const name of ["prometheus", "alertmanager"]) {
      assert.deepStrictEqual(services[name].extra_hosts, ["host.docker.internal:host-gateway"])
    }
  })

  it("writes commands as lists", () => {
    for (const [name, { command, entrypoint }] of running.filter(([name]) => name !== "grafana")) {
      assert.isArray(command, name)
      if (entrypoint !== undefined) assert.isArray(entrypoint, name)
    }
  })

  it("starts Prometheus with exemplars and runbooks, and without a way to change it over the network", () => {
    const { command } = services["prometheus"]
    assert.include(command, "--enable-feature=exemplar-storage")
    assert.include(command, "--web.user-assets=/runbooks")
    assert.deepInclude(mounts("prometheus"), ["./observability/runbooks", "/runbooks", "ro"])
    assert.notMatch(command.join(" "), /lifecycle|admin-api/)
  })

  it("has Grafana's plugins stay as they are: its root is read-only", () => {
    assert.strictEqual(services["grafana"].environment.GF_PLUGINS_PREINSTALL_AUTO_UPDATE, "false")
  })

  it("lets Jaeger's own limit of memory come before the container's", () => {
    const configurations = [
      ["jaeger", "jaeger/jaeger.yml", JaegerConfig.store(store(defaults))],
      ["gateway", "jaeger/gateway.yml", JaegerConfig.gateway(gateway(defaults))]
    ] as const
    for (const [name, path, content] of configurations) {
      const { environment, mem_limit } = services[name]
      const limit = Yaml.parse(content).processors.memory_limiter.limit_mib
      const [, amount, unit] = /^(\d+)([mg])$/.exec(mem_limit) ?? []
      assert.isBelow(limit, Number(amount) * (unit === "g" ? 1024 : 1), name)
      assert.strictEqual(environment.GOMEMLIMIT, `${limit}MiB`)
      assert.deepStrictEqual(services[name].command, [`--config=/etc/${path}`])
    }
  })

  it("lets notifications be answered where Alertmanager sends them by default", () => {
    for (const url of [notificationsUrl, heartbeatUrl]) {
      const { hostname, port } = new URL(url)
      assert.property(services, hostname)
      assert.strictEqual(services[hostname].environment.NOTIFICATIONS_ADDRESS, `0.0.0.0:${port}`)
    }
  })

  it("holds no password and has no default for one", () => {
    assert.notMatch(text, /PASSWORD: /)
    assert.deepStrictEqual(compose.secrets, {
      grafana_admin_password: {
        file: "${GRAFANA_ADMIN_PASSWORD_FILE:-./observability/secrets/grafana/admin_password}"
      }
    })
    assert.deepStrictEqual(services["grafana"].secrets, ["grafana_admin_password"])
    assert.strictEqual(
      services["grafana"].environment.GF_SECURITY_ADMIN_PASSWORD__FILE,
      "/run/secrets/grafana_admin_password"
    )
  })

  it("keeps secrets out of the repository", () => {
    const folder = Path.join(root, "observability/secrets")
    const rules = readFileSync(Path.join(folder, ".gitignore"), "utf8").split("\n")
    assert.deepStrictEqual(rules.filter((line) => line !== "" && !line.startsWith("#")), ["*", "!*/", "!.gitignore"])
    for (const name of ["grafana", "alertmanager", "prometheus"]) {
      assert.isTrue(existsSync(Path.join(folder, name, ".gitignore")), name)
    }
  })

  it("does not start Grafana with an absent or empty password, and says what to do", () => {
    const [shell, flag, script = ""]: ReadonlyArray<string> = services["grafana"].entrypoint
    assert.deepStrictEqual([shell, flag], ["/bin/sh", "-c"])
    const folder = mkdtempSync(Path.join(Os.tmpdir(), "dawsos-compose-"))
    try {
      const started = (password: string | undefined) => {
        const file = Path.join(folder, "password")
        if (password === undefined) rmSync(file, { force: true })
        else writeFileSync(file, password)
        // As Compose hands it over: `$$` is a dollar.
        return spawnSync("/bin/sh", ["-c", script.replaceAll("$$", "$").replace("exec /run.sh", "exec echo started")], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], GF_SECURITY_ADMIN_PASSWORD__FILE: file }
        })
      }
      for (const password of [undefined, ""]) {
        const { status, stderr, stdout } = started(password)
        assert.strictEqual(status, 1)
        assert.strictEqual(stdout, "")
        assert.include(stderr, "observability/secrets/grafana/admin_password")
      }
      assert.strictEqual(started("a password\n").stdout, "started\n")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
