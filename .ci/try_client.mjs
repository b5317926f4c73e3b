/** Use the web client as somebody who has nothing else: `node try_client.mjs URL`. */

import { FaceClient } from "facewire";

const client = new FaceClient(process.argv[2]);
await client.openSession({ sampleRate: 16000 });
client.sendAudio(new Float32Array(16000));
const { frames } = await client.end();
console.log(`the web client got ${client.frames} of ${frames} faces`);
process.exit(client.frames === frames && frames === 60 ? 0 : 1);
