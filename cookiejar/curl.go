package cookiejar

import "strings"

// curlConfig is a file for curl --config. It sets the header rather than the option
// cookie, whose argument curl takes for a file name if it begins with an at sign,
// and a server chooses how its cookies are called. curl sends neither of the two on
// to another host that it is redirected to.
//
// Within double quotes the manual of curl knows the escapes \\, \", \t, \n, \r and
// \v; the last four cannot occur in a cookie.
func curlConfig(header string) string {
	if header == "" {
		return "# no cookies for this address"
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(header)
	return `header = "Cookie: ` + quoted + `"`
}
