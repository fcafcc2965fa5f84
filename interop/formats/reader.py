"""Asks for an address with cookies from a file, as programs in Python do it.

usage: reader.py netscape|header|json FILE CAFILE URL
"""

import datetime
import http.cookiejar
import json
import ssl
import sys
import urllib.request


def from_json(path):
    jar = http.cookiejar.CookieJar()
    with open(path, encoding="utf-8") as f:
        for c in json.load(f):
            expires = c["expires"] and datetime.datetime.fromisoformat(c["expires"].replace("Z", "+00:00")).timestamp()
            domain = c["domain"] if c["hostOnly"] else "." + c["domain"]
            jar.set_cookie(http.cookiejar.Cookie(
                0, c["name"], c["value"], None, False, domain, not c["hostOnly"], not c["hostOnly"],
                c["path"], True, c["secure"], expires, expires is None, None, None, {}))
    return jar


def from_netscape(path):
    jar = http.cookiejar.MozillaCookieJar(path)
    # Session cookies have the expiry 0 in the file, which Python takes for 1970.
    jar.load(ignore_discard=True, ignore_expires=True)
    for cookie in jar:
        if cookie.expires == 0:
            cookie.expires = None
    return jar


def main(how, path, ca, url):
    handlers = [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca))]
    request = urllib.request.Request(url)
    if how == "header":
        with open(path, encoding="utf-8") as f:
            request.add_header("Cookie", f.read().strip())
    else:
        jar = {"netscape": from_netscape, "json": from_json}[how](path)
        handlers.append(urllib.request.HTTPCookieProcessor(jar))
    with urllib.request.build_opener(*handlers).open(request, timeout=15) as answer:
        sys.stdout.write(answer.read().decode("utf-8"))


main(*sys.argv[1:])
