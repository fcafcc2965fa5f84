package config

import (
	"context"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// inHeader are the properties whose secrets travel in a header, which has no tab
// (RFC 7617, section 2; RFC 6750).
var inHeader = []string{"APIToken", "SSOAppPassword", "ProxyPassword"}

// PropertySecret returns a Secret that reads as read does, and refuses what no server
// would receive as it is. property is for errors, "" if there is none.
func PropertySecret(property string, read func(context.Context) (string, error)) Secret {
	return Secret{reveal: func(ctx context.Context) (string, error) {
		text, err := read(ctx)
		if err != nil {
			return "", err
		}
		text, bad := sendable(property, text)
		if bad != nil {
			return "", bad
		}
		return text, nil
	}}
}

// sendable returns text without the byte order mark of its file, or says why it
// cannot be sent unaltered.
func sendable(property, text string) (string, *Error) {
	trimmed := wiretext.Trim(text)
	problem, hint := wiretext.Problem(trimmed)
	switch {
	case problem != "":
	case trimmed == "" && text != "":
		problem = "is a byte order mark and nothing else"
	case strings.Contains(trimmed, "\t") && hasAnyPrefix(property, inHeader):
		problem, hint = "contains a tab, which no header can carry", "type it again"
	default:
		return trimmed, nil
	}
	return "", BadContent("the secret "+problem, hint, nil).WithProperty(property, "")
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
