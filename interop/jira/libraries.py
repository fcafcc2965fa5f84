"""Makes the calls of a job, which is JSON on standard input, with a library of Jira's
REST API: "jira" or "atlassian-python-api".

With a cookie file it loads that into the library's session; otherwise the library has the
proxy's token as a password.
"""

import http.cookiejar
import json
import os
import sys

import atlassian
import jira
import requests

job = json.load(sys.stdin)
answers = {"failed": {}, "found": [], "setCookie": 0}
JQL = 'project = HELP AND key = "HELP-1"'


def prepare(session):
    """Gives a session of requests what the job says it has."""
    if job["token"]:
        session.headers["Cookie"] = job["ownCookie"]
        session.hooks["response"].append(count)
        return
    session.verify = job["ca"]
    session.headers["X-Atlassian-Token"] = "no-check"
    jar = http.cookiejar.MozillaCookieJar(job["cookieFile"])
    jar.load(ignore_discard=True, ignore_expires=True)
    for cookie in jar:
        if cookie.expires == 0:
            cookie.expires = None
        session.cookies.set_cookie(cookie)


def count(response, *_, **__):
    answers["setCookie"] += len(response.raw.headers.getlist("Set-Cookie"))


class Jira:
    """The library "jira"."""

    def __init__(self):
        auth = ("bot", job["token"]) if job["token"] else None
        self.jira = jira.JIRA({"server": job["base"], "verify": job["ca"]}, basic_auth=auth, get_server_info=False)
        prepare(self.jira._session)

    def myself(self):
        answers["myself"] = self.jira.myself()["name"]

    def server(self):
        answers["server"] = self.jira.server_info()["version"]

    def issue(self):
        got = self.jira.issue("HELP-1")
        answers["issue"] = {"key": got.key, "summary": got.fields.summary}

    def search(self):
        found = self.jira.search_issues(JQL, maxResults=5)
        answers["total"], answers["found"] = found.total, [issue.key for issue in found]

    def missing(self):
        try:
            self.jira.issue("HELP-99999")
        except jira.JIRAError as error:
            answers["missing"] = error.response.json()["errorMessages"][0]

    def create(self):
        fields = {"project": {"key": "HELP"}, "issuetype": {"name": "Task"}, "summary": job["text"]}
        answers["created"] = self.jira.create_issue(fields, prefetch=False).key

    def comment(self):
        answers["comment"] = self.jira.add_comment("HELP-1", job["text"]).id

    def upload(self):
        with open(job["file"], "rb") as f:
            got = self.jira.add_attachment("HELP-1", f, os.path.basename(job["file"]))
        answers["upload"] = {"id": got.id, "filename": got.filename, "size": got.size}


class Atlassian:
    """The library "atlassian-python-api"."""

    def __init__(self):
        session = requests.Session()
        prepare(session)
        login = {"username": "bot", "password": job["token"]} if job["token"] else {}
        verify = True if job["token"] else job["ca"]
        self.jira = atlassian.Jira(url=job["base"], session=session, verify_ssl=verify, **login)

    def myself(self):
        answers["myself"] = self.jira.myself()["name"]

    def server(self):
        answers["server"] = self.jira.get_server_info()["version"]

    def issue(self):
        got = self.jira.issue("HELP-1")
        answers["issue"] = {"key": got["key"], "summary": got["fields"]["summary"]}

    def search(self):
        found = self.jira.jql(JQL, limit=5)
        answers["total"], answers["found"] = found["total"], [issue["key"] for issue in found["issues"]]

    def missing(self):
        try:
            self.jira.issue("HELP-99999")
        except requests.HTTPError as error:
            answers["missing"] = error.response.json()["errorMessages"][0]

    def create(self):
        fields = {"project": {"key": "HELP"}, "issuetype": {"name": "Task"}, "summary": job["text"]}
        answers["created"] = self.jira.create_issue(fields)["key"]

    def comment(self):
        answers["comment"] = self.jira.issue_add_comment("HELP-1", job["text"])["id"]

    def upload(self):
        got = self.jira.add_attachment("HELP-1", job["file"])[0]
        answers["upload"] = {"id": got["id"], "filename": got["filename"], "size": got["size"]}


library = Jira() if job["client"] == "Python jira" else Atlassian()
for name in job["calls"]:
    try:
        getattr(library, name)()
    except Exception as error:  # whatever it is, it is told
        answers["failed"][name] = f"{type(error).__name__}: {error}"[:400]
json.dump(answers, sys.stdout)
