// Reads datagrams of OSC from standard input, a line of base64 for each, and prints each as JSON:
// a list of [address, types, arguments].
import { readFileSync } from "node:fs";
import OSC from "osc-js";

function messages(packet) {
  return packet instanceof OSC.Bundle ? packet.bundleElements.flatMap(messages) : [packet];
}

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const bytes = Buffer.from(line, "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isBundle = bytes.subarray(0, 7).toString() === "#bundle";
  const packet = isBundle ? new OSC.Bundle() : new OSC.Message();
  packet.unpack(view);
  const found = messages(packet).map((each) => [each.address, each.types, each.args]);
  console.log(JSON.stringify(found));
}
