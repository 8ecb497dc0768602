"""The vendor's own Python library, by its HTTP layer: the current release has no method for the call."""
import json
import sys

from authing import AuthenticationClient

_, host, app_id, code, connection, token = sys.argv
client = AuthenticationClient(app_id=app_id, app_host=host, app_secret="unused", access_token=token or None)
answer = client.http_client.request(
    method="POST",
    url="/api/v3/get-wechat-miniprogram-phone",
    json={"code": code, "extIdpConnidentifier": connection},
)
print(json.dumps(answer))
