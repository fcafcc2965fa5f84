package cookiejar

import "strings"

// envLine assigns the header to the variable that mcp-atlassian and scripts read.
// Within single quotes a POSIX shell takes everything literally but the quote itself
// (POSIX.1-2017, Shell Command Language, 2.2.2).
func envLine(header string) string {
	return "JIRA_COOKIE='" + strings.ReplaceAll(header, "'", `'\''`) + "'"
}
