"""Starts mcp-atlassian as an assistant does, over standard input and output, and calls its
tools. The job is JSON on standard input: the server knows the proxy's address and token.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

job = json.load(sys.stdin)


async def call(session, tool, **arguments):
    result = await session.call_tool(tool, arguments)
    text = "".join(part.text for part in result.content if part.type == "text")
    if result.isError:
        raise RuntimeError(f"{tool}: {text[:400]}")
    return json.loads(text)


async def main():
    server = StdioServerParameters(
        command=os.path.join(os.path.dirname(sys.executable), "mcp-atlassian"),
        env={
            **os.environ, "JIRA_URL": job["base"], "JIRA_PERSONAL_TOKEN": job["token"],
            "FASTMCP_CHECK_FOR_UPDATES": "off",
        },
    )
    answers = {"failed": {}}
    async with stdio_client(server, errlog=sys.stderr) as streams, ClientSession(*streams) as session:
        await session.initialize()
        issue = await call(session, "jira_get_issue", issue_key="HELP-1", fields="summary,status")
        answers["issue"] = {"key": issue["key"], "summary": issue["summary"]}
        found = await call(session, "jira_search", jql='project = HELP AND key = "HELP-1"', limit=5, fields="summary")
        answers["total"], answers["found"] = found["total"], [one["key"] for one in found["issues"]]
        made = await call(session, "jira_create_issue", project_key="HELP", issue_type="Task", summary=job["text"])
        answers["created"] = made["issue"]["key"]
        comment = await call(session, "jira_add_comment", issue_key="HELP-1", body=job["text"])
        answers["comment"] = comment["id"]
    json.dump(answers, sys.stdout)


asyncio.run(main())
