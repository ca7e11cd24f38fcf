// The peer: what a receiver in Node is when it does the least that it must. It verifies the signature, inserts the body
// into Postgres and answers 200 when the insert is committed. Nothing but `pg`: `npm install pg`, or NODE_PATH.
// `node receiver.mjs PORT`; PGHOST, PGUSER and PGDATABASE name the database, PEER_SECRET the secret. Ends with 3 without `pg`.
import crypto from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";

let pg;
try {
  pg = createRequire(import.meta.url)("pg"); // also looks where NODE_PATH says
} catch {
  process.exit(3);
}
const MAX_BYTES = 5_000_000;
const pool = new pg.Pool({ max: 16 });
await pool.query("CREATE TABLE IF NOT EXISTS inbox (id text PRIMARY KEY, topic text, shop text, body bytea NOT NULL)");
await pool.query("ALTER TABLE inbox ALTER body SET STORAGE EXTERNAL");
const insert = "INSERT INTO inbox VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

function answer(response, status) {
  response.writeHead(status, { "Content-Length": 0 });
  response.end();
}

const server = http.createServer((request, response) => {
  if (request.method !== "POST") return answer(response, 200); // the question whether it is ready
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size <= MAX_BYTES) chunks.push(chunk);
  });
  request.on("end", async () => {
    if (size > MAX_BYTES) return answer(response, 413);
    const body = Buffer.concat(chunks);
    const wanted = crypto.createHmac("sha256", process.env.PEER_SECRET).update(body).digest();
    const given = Buffer.from(request.headers["x-shopify-hmac-sha256"] ?? "", "base64");
    if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) return answer(response, 401);
    const names = ["x-shopify-webhook-id", "x-shopify-topic", "x-shopify-shop-domain"];
    try {
      await pool.query({ name: "insert", text: insert, values: [...names.map((name) => request.headers[name]), body] });
      answer(response, 200);
    } catch {
      answer(response, 503);
    }
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
