"""An OAuth 1.0a provider with Jira's paths. Everything that is checked of a request is checked by
oauthlib (Debian's python3-oauthlib); this file keeps the tokens and moves bytes.

    python3 provider.py PUBLIC_KEY_FILE CONSUMER_KEY CONTEXT_PATH

prints {"port": N} and then one line of JSON for each request: method, path, status and problem.
"""

import http.server
import json
import sys
import urllib.parse

from oauthlib.oauth1 import (
    AccessTokenEndpoint,
    AuthorizationEndpoint,
    RequestTokenEndpoint,
    RequestValidator,
    ResourceEndpoint,
)
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

PUBLIC_KEY = open(sys.argv[1]).read()
CONSUMER = sys.argv[2]
BASE = sys.argv[3] + "/plugins/servlet/oauth/"


class Validator(RequestValidator):
    """Remembers tokens and nonces; oauthlib asks it."""

    enforce_ssl = False
    allowed_signature_methods = ["RSA-SHA1"]
    timestamp_lifetime = 300
    dummy_client = dummy_request_token = dummy_access_token = "dummy"

    def __init__(self):
        super().__init__()
        self.requests, self.tokens, self.nonces = {}, {}, set()
        self.problem = ""

    def note(self, ok, problem):
        if not ok:
            self.problem = self.problem or problem
        return ok

    def fits(self, text):
        return 0 < len(text) <= 200

    check_client_key = check_request_token = check_access_token = fits
    check_nonce = check_verifier = fits

    def check_realms(self, realms):
        return True

    def validate_timestamp_and_nonce(self, key, timestamp, nonce, request, request_token=None, access_token=None):
        used = (key, timestamp, nonce)
        fresh = used not in self.nonces
        self.nonces.add(used)
        return self.note(fresh, "nonce_used")

    def validate_client_key(self, key, request):
        return self.note(key == CONSUMER, "consumer_key_unknown")

    def get_rsa_key(self, key, request):
        return PUBLIC_KEY

    def get_client_secret(self, key, request):
        return ""

    def get_request_token_secret(self, key, token, request):
        return ""

    get_access_token_secret = get_request_token_secret

    def get_default_realms(self, key, request):
        return []

    def get_realms(self, token, request):
        return []

    def validate_requested_realms(self, key, realms, request):
        return True

    def validate_realms(self, key, token, request, uri=None, realms=None):
        return True

    def validate_redirect_uri(self, key, uri, request):
        return uri == "oob" or uri.startswith(("http://", "https://"))

    def save_request_token(self, token, request):
        self.requests[token["oauth_token"]] = {"callback": request.redirect_uri}

    def verify_request_token(self, token, request):
        return token in self.requests

    def get_redirect_uri(self, token, request):
        return self.requests[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.requests[token]["verifier"] = verifier["oauth_verifier"]

    def validate_request_token(self, key, token, request):
        return self.note(token in self.requests, "token_rejected")

    def validate_verifier(self, key, token, verifier, request):
        return self.note(self.requests.get(token, {}).get("verifier") == verifier, "verifier_invalid")

    def invalidate_request_token(self, key, token, request):
        self.requests.pop(token, None)

    def save_access_token(self, token, request):
        self.tokens[token["oauth_token"]] = True

    def validate_access_token(self, key, token, request):
        return self.note(token in self.tokens, "token_rejected")


validator = Validator()
request_tokens = RequestTokenEndpoint(validator)
access_tokens = AccessTokenEndpoint(validator)
authorization = AuthorizationEndpoint(validator)
resource = ResourceEndpoint(validator)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, problem=""):
        data = body.encode()
        self.send_response(status)
        if problem:
            self.send_header("WWW-Authenticate", 'OAuth realm="jira", oauth_problem="%s"' % problem)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        path = self.path.split("?")[0]
        print(json.dumps({"method": self.command, "path": path, "status": status, "problem": problem}), flush=True)

    def handle_one(self):
        validator.problem = ""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        uri = "http://" + self.headers["Host"] + self.path
        headers = dict(self.headers.items())
        path = self.path.split("?")[0]
        try:
            if path == BASE + "authorize":
                # The person has signed in and allows it.
                _, text, status = authorization.create_authorization_response(uri, "GET", None, {}, [], {})
                return self.answer(status, text)
            if path == BASE + "request-token":
                _, text, status = request_tokens.create_request_token_response(uri, self.command, body, headers)
            elif path == BASE + "access-token":
                _, text, status = access_tokens.create_access_token_response(uri, self.command, body, headers)
            else:
                valid, request = resource.validate_protected_resource_request(uri, self.command, body, headers)
                status = 200 if valid else 401
                text = json.dumps([p for p in request.params if not p[0].startswith("oauth_")]) if valid else ""
            if status == 200:
                return self.answer(200, text)
            self.answer(401, "", validator.problem or "signature_invalid")
        except OAuth1Error as error:
            problem = "timestamp_refused" if "imestamp" in (error.description or "") else "parameter_rejected"
            self.answer(401, "", problem)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
