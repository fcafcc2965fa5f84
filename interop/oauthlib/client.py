"""Clients that nobody of this project wrote use the simulated servers: requests-oauthlib and Authlib.

Prints a line of JSON for each check, and one at the end: {"check": NAME, "why": ""} and {"done": N}.
argv: file of the authority, file of the private key, base URL of Jira, of Backlog
"""
import json
import re
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests_oauthlib import OAuth1Session, OAuth2Session

ca, key, jira, backlog = sys.argv[1:5]
key = open(key).read()
callback = "http://localhost:33333"
count = 0


def check(name, f):
    global count
    count += 1
    why = ""
    try:
        why = f() or ""
    except Exception as e:  # whatever it is, it is the reason
        why = "%s: %s" % (type(e).__name__, e)
    print(json.dumps({"check": name, "why": why}), flush=True)


def consent(address):
    """What a person does at a consent page; the address at which the browser ends."""
    page = requests.get(address, verify=ca, timeout=20)
    form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    action = re.search(r'<form method="post"(?: action="([^"]*)")?>', page.text).group(1) or address
    form.update(login="ana", password="secret", decision="allow")
    return requests.post(action, data=form, verify=ca, timeout=20, allow_redirects=False)


def named(session, path, member, want="ana"):
    answer = session.get(path, verify=ca, timeout=20)
    if answer.status_code != 200 or answer.json().get(member) != want:
        return "status %d, %s" % (answer.status_code, answer.text[:200])


def oauth1(**more):
    return OAuth1Session("bot", signature_method="RSA-SHA1", rsa_key=key, **more)


def three_legs():
    s = oauth1(callback_uri="oob")
    s.fetch_request_token(jira + "/plugins/servlet/oauth/request-token", verify=ca)
    page = consent(s.authorization_url(jira + "/plugins/servlet/oauth/authorize"))
    s._client.client.verifier = re.search(r'id="verifier">([^<]*)<', page.text).group(1)
    s.fetch_access_token(jira + "/plugins/servlet/oauth/access-token", verify=ca)
    return named(s, jira + "/rest/api/2/myself?b=2&a=x%20y&a=1", "name")


def no_token():
    """The library leaves an empty oauth_token out, and Jira takes such a request for nobody's."""
    answer = oauth1(resource_owner_key="").get(jira + "/rest/api/2/serverInfo", verify=ca, timeout=20)
    if answer.status_code != 200 or answer.headers.get("X-AUSERNAME") != "anonymous":
        return "status %d, %s" % (answer.status_code, answer.headers.get("X-AUSERNAME"))


def hmac():
    s = OAuth1Session("bot", client_secret="x", callback_uri="oob")
    answer = s.post(jira + "/plugins/servlet/oauth/request-token", verify=ca, timeout=20)
    if "signature_method_rejected" not in answer.headers.get("WWW-Authenticate", ""):
        return "status %d" % answer.status_code


def at_jira():
    api = jira + "/rest/oauth2/latest/"
    s = OAuth2Session("app", redirect_uri=callback, scope=["WRITE"])
    address, state = s.authorization_url(api + "authorize", state="a-long-state")
    code = parse_qs(urlsplit(consent(address).headers["Location"]).query)["code"][0]
    s.fetch_token(api + "token", code=code, client_secret="x", include_client_id=True, verify=ca)
    # Jira says bearer and takes Bearer alone.
    if (why := named(s, jira + "/rest/api/2/myself", "name")):
        return why
    old = s.token["refresh_token"]
    s.refresh_token(api + "token", client_id="app", client_secret="x", redirect_uri=callback, verify=ca)
    if s.token["refresh_token"] == old:
        return "the refresh token has not changed"
    return named(s, jira + "/rest/api/2/myself", "name")


def at_backlog():
    s = AuthlibSession("app", "x", redirect_uri=callback, token_endpoint_auth_method="client_secret_post")
    address, state = s.create_authorization_url(backlog + "/OAuth2AccessRequest.action", state="a-long-state")
    end = consent(address).headers["Location"]
    s.fetch_token(backlog + "/api/v2/oauth2/token", authorization_response=end, state="a-long-state", verify=ca)
    old = s.token["refresh_token"]
    s.refresh_token(backlog + "/api/v2/oauth2/token", refresh_token=old, verify=ca)
    if s.token["refresh_token"] == old:
        return "the refresh token has not changed"
    return named(s, backlog + "/api/v2/users/myself", "userId")


check("OAuth 1.0a: requests-oauthlib goes through the three legs", three_legs)
check("OAuth 1.0a: a request without oauth_token is anonymous", no_token)
check("OAuth 1.0a: HMAC is refused", hmac)
check("Jira as the provider: requests-oauthlib obtains, uses and refreshes a token", at_jira)
check("Backlog: Authlib obtains, refreshes and uses a token", at_backlog)
print(json.dumps({"done": count}))
