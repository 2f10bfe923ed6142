/** A certificate of the moment, for a server that nobody has a reason to trust. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto"

/** A certificate with its private key, in PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000

/** One element of DER (X.690): tag, length, content. */
const element = (tag: number, ...content: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(content)
  const length = body.length < 0x80
    ? [body.length]
    : body.length < 0x100
    ? [0x81, body.length]
    : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...content: ReadonlyArray<Uint8Array>) => element(0x30, ...content)
const set = (...content: ReadonlyArray<Uint8Array>) => element(0x31, ...content)
const integer = (bytes: Uint8Array) => element(0x02, bytes)
const object = (hex: string) => element(0x06, Buffer.from(hex, "hex"))
const text = (value: string) => element(0x0c, Buffer.from(value))
const octets = (...content: ReadonlyArray<Uint8Array>) => element(0x04, ...content)
const bits = (content: Uint8Array) => element(0x03, Buffer.of(0), content)
const time = (at: number) => element(0x17, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2)))

const ecdsaWithSha256 = sequence(object("2a8648ce3d040302"))
const commonName = object("550403")
const subjectAltName = object("551d11")
const basicConstraints = object("551d13")

/** Makes a certificate for `127.0.0.1` and `localhost`, valid for a day, signed by itself (X.509 v3, P-256). */
export const selfSigned = (now = Date.now()): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  const name = sequence(set(sequence(commonName, text("receiver"))))
  const names = sequence(element(0x82, Buffer.from("localhost")), element(0x87, Buffer.of(127, 0, 0, 1)))
  const authority = sequence(element(0x01, Buffer.of(0xff)))
  const extensions = sequence(
    sequence(subjectAltName, octets(names)),
    sequence(basicConstraints, element(0x01, Buffer.of(0xff)), octets(authority))
  )
  const toBeSigned = sequence(
    element(0xa0, integer(Buffer.of(2))),
    // A positive number: its first bit is 0, and it does not begin with a byte of zeroes.
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(now - day / 24), time(now + day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, extensions)
  )
  const signature = sign("sha256", toBeSigned, privateKey)
  const der = sequence(toBeSigned, ecdsaWithSha256, bits(signature)).toString("base64")
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: "pkcs8", format: "pem" }))
  }
}
