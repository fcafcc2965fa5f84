"""Makes the calls of a job, which is JSON on standard input, with urllib.

With a cookie file it loads that into a MozillaCookieJar; otherwise it has the proxy's
token as a password, which it sends without being asked.
"""

import hashlib
import http.cookiejar
import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

job = json.load(sys.stdin)
answers = {"failed": {}, "found": [], "setCookie": 0}


def opener():
    handlers = [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=job["ca"]))]
    if job["token"]:
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        passwords.add_password(None, job["base"], "bot", job["token"], is_authenticated=True)
        handlers.append(urllib.request.HTTPBasicAuthHandler(passwords))
    else:
        jar = http.cookiejar.MozillaCookieJar(job["cookieFile"])
        # Session cookies have the expiry 0 in the file, which Python takes for 1970.
        jar.load(ignore_discard=True, ignore_expires=True)
        for cookie in jar:
            if cookie.expires == 0:
                cookie.expires = None
        handlers.append(urllib.request.HTTPCookieProcessor(jar))
    return urllib.request.build_opener(*handlers)


browser = opener()


def ask(path, data=None, kind=None, raw=False):
    request = urllib.request.Request(job["base"] + path, data=data)
    if kind:
        request.add_header("Content-Type", kind)
    if job["token"]:
        request.add_header("Cookie", job["ownCookie"])
    else:
        request.add_header("X-Atlassian-Token", "no-check")
    with browser.open(request, timeout=20) as answer:
        if job["token"]:
            answers["setCookie"] += len(answer.headers.get_all("Set-Cookie", []))
        body = answer.read()
        return body if raw else json.loads(body)


def post(path, value):
    return ask(path, json.dumps(value).encode(), "application/json")


def search():
    query = urllib.parse.urlencode({"jql": 'project = HELP AND key = "HELP-1"', "maxResults": 5})
    found = ask("/rest/api/2/search?" + query)
    answers["total"] = found["total"]
    answers["found"] = [issue["key"] for issue in found["issues"]]


def issue():
    got = ask("/rest/api/2/issue/HELP-1")
    answers["issue"] = {"key": got["key"], "summary": got["fields"]["summary"]}


def missing():
    try:
        ask("/rest/api/2/issue/HELP-99999")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        answers["missing"] = json.loads(error.read())["errorMessages"][0]


def create():
    fields = {"project": {"key": "HELP"}, "issuetype": {"name": "Task"}, "summary": job["text"]}
    answers["created"] = post("/rest/api/2/issue", {"fields": fields})["key"]


def upload():
    name = os.path.basename(job["file"])
    with open(job["file"], "rb") as f:
        content = f.read()
    boundary = hashlib.sha256(content).hexdigest()
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n").encode()
    body = head + content + f"\r\n--{boundary}--\r\n".encode()
    answers["upload"] = ask("/rest/api/2/issue/HELP-1/attachments", body, "multipart/form-data; boundary=" + boundary)[0]


def download():
    path = f'/secure/attachment/{answers["upload"]["id"]}/{os.path.basename(job["file"])}'
    answers["download"] = hashlib.sha256(ask(path, raw=True)).hexdigest()


calls = {
    "myself": lambda: answers.update(myself=ask("/rest/api/2/myself")["name"]),
    "server": lambda: answers.update(server=ask("/rest/api/2/serverInfo")["version"]),
    "comment": lambda: answers.update(comment=post("/rest/api/2/issue/HELP-1/comment", {"body": job["text"]})["id"]),
    "issue": issue, "search": search, "missing": missing, "create": create, "upload": upload, "download": download,
}
for name in job["calls"]:
    try:
        calls[name]()
    except Exception as error:  # whatever it is, it is told
        answers["failed"][name] = f"{type(error).__name__}: {error}"
json.dump(answers, sys.stdout)
