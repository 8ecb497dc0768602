// The vendor's own Node library, by its HTTP layer: the current release has no method for the call.
import { createRequire } from "node:module";

const [, , folder, host, appId, code, connection, token] = process.argv;
const { AuthenticationClient } = createRequire(`${folder}/`)("authing-node-sdk");
const client = new AuthenticationClient({ appId, appHost: host, appSecret: "unused", accessToken: token });
const answer = await client.httpClient.request({
  method: "POST",
  url: "/api/v3/get-wechat-miniprogram-phone",
  data: { code, extIdpConnidentifier: connection },
});
console.log(JSON.stringify(answer));
