"""Prints the code of the newest unread mail from Okta, as an MFACommand does: by
Python's own IMAP library, which has nothing to do with this project."""
import email
import email.policy
import imaplib
import os
import re
import ssl
import sys
import time

host, port = os.environ["MAIL_ADDRESS"].rsplit(":", 1)
trust = ssl.create_default_context(cafile=os.environ["MAIL_CA"])
box = imaplib.IMAP4_SSL(host, int(port), ssl_context=trust, timeout=10)
with open(os.environ["MAIL_PASSWORD_FILE"], encoding="utf-8") as f:
    secret = f"\0{os.environ['MAIL_USER']}\0" + f.readline().rstrip("\n")
box.authenticate("PLAIN", lambda _: secret.encode())
box.select("INBOX")
until = time.monotonic() + 20
while time.monotonic() < until:
    box.noop()
    _, found = box.search(None, "UNSEEN", "FROM", "noreply@okta.com")
    for number in reversed(found[0].split()):
        _, data = box.fetch(number, "(RFC822)")
        mail = email.message_from_bytes(data[0][1], policy=email.policy.default)
        if mail["From"].addresses[0].addr_spec != "noreply@okta.com":
            continue
        code = re.search(r"\b[0-9]{6}\b", mail.get_body(("plain", "html")).get_content())
        print(code.group())
        sys.exit()
    time.sleep(0.1)
sys.exit("no mail with a code")
