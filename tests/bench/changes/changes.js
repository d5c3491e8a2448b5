// Changes by kind and day as Avro, with avsc and @aws-sdk/util-dynamodb: node changes.js FILE OUTDIR SCHEMAS
const fs = require('fs'), rl = require('readline'), zlib = require('zlib');
const avro = require('avsc'), { unmarshall } = require('@aws-sdk/util-dynamodb');
const [src, out, schemas] = process.argv.slice(2), codec = 'deflate';
class Ts extends avro.types.LogicalType {
  _fromValue(v) { return new Date(v); } _toValue(d) { return d instanceof Date ? +d : undefined; } _resolve() {} }
const defs = JSON.parse(fs.readFileSync(schemas));
const T = Object.fromEntries(Object.entries(defs).map(([k, s]) => [k, avro.Type.forSchema(s, { logicalTypes: { 'timestamp-millis': Ts }, wrapUnions: false })]));
const enc = (type, recs) => new Promise((ok, no) => {
  const parts = [], e = new avro.streams.BlockEncoder(type, { codec, blockSize: 65536, codecs: { deflate: zlib.deflateRaw, null: (b, cb) => cb(null, b) } });
  e.on('data', d => parts.push(d)); e.on('end', () => ok(Buffer.concat(parts))); e.on('error', no);
  for (const r of recs) e.write(r); e.end(); });
(async () => {
  const t0 = performance.now(), lat = []; let n = 0, b = 0;
  for await (const line of rl.createInterface({ input: fs.createReadStream(src, { highWaterMark: 4 << 20 }) })) {
    const tb = performance.now(), groups = new Map();
    for (const r of JSON.parse(line).Records) {
      const c = JSON.parse(Buffer.from(r.kinesis.data, 'base64')), d = c.dynamodb;
      const o = unmarshall(d.NewImage ?? d.OldImage);
      o.op = c.eventName; o.seq = r.kinesis.sequenceNumber;
      const key = o.type + '/dt=' + o.ts.slice(0, 10);
      o.ts = new Date(o.ts); n++;
      (groups.get(key) ?? groups.set(key, []).get(key)).push(o);
    }
    for (const [key, recs] of groups) {
      fs.mkdirSync(`${out}/${key}`, { recursive: true });
      fs.writeFileSync(`${out}/${key}/b${String(b).padStart(4, '0')}.avro`, await enc(T[recs[0].type], recs));
    }
    b++; lat.push(performance.now() - tb);
  }
  lat.sort((a, b) => a - b); const w = (performance.now() - t0) / 1e3;
  console.log(JSON.stringify({ work_s: +w.toFixed(3), rec_s: Math.round(n / w), batch_ms_p50: +lat[lat.length >> 1].toFixed(2), batch_ms_min: +lat[0].toFixed(2) }));
})();
