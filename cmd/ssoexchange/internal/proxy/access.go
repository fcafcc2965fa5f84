package proxy

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// tokenHeader carries the access token of tools whose Authorization is not free.
const tokenHeader = "X-Ssoexchange-Token"

// minToken is the least length of a token in a file: shorter ones can be guessed.
const minToken = 20

// Token returns the access token: a new one, or that of file, which is made if
// it does not exist.
func Token(file string) (string, error) {
	if file == "" {
		return rand.Text(), nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		token := rand.Text()
		return token, files.WriteSecret(file, []byte(token+"\n"))
	}
	if err != nil {
		return "", clierror.Config("the token file cannot be read: "+err.Error(), "")
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", clierror.Config("the token file "+file+" is open to others", "chmod 600 "+file)
	}
	f, err := openfile.Regular(file)
	if err != nil {
		return "", clierror.Config("the token file cannot be read: "+err.Error(), "")
	}
	defer f.Close()
	buf := make([]byte, 1<<10)
	n, err := f.Read(buf)
	token := strings.TrimSpace(string(buf[:n]))
	notPlain := func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }
	if err != nil || len(token) < minToken || strings.ContainsFunc(token, notPlain) {
		return "", clierror.Config("there is no access token in "+file,
			"remove the file, and a new one is made; a token of your own needs 20 letters or digits")
	}
	return token, nil
}

// accessControl decides who may use the session's cookies.
type accessControl struct {
	token [sha256.Size]byte
	hosts loopback.HostCheck // of any port, if the listener is a socket
}

func newAccessControl(token, port string) accessControl {
	return accessControl{sha256.Sum256([]byte(token)), loopback.HostCheck{Port: port}}
}

// refusal is a request that is turned away, and why.
type refusal struct {
	status     int
	text, hint string
}

// admit returns nil if r may pass.
//
// The token alone would do for tools. The rest is for browsers, which send what they
// were once given (a remembered Basic password) on behalf of any page: a page that
// has had its name pointed at loopback is found out by Host, one of another site by
// Origin or Sec-Fetch-Site.
func (g accessControl) admit(r *http.Request) *refusal {
	if !g.hosts.Own(r.Host) {
		return &refusal{http.StatusMisdirectedRequest, "this proxy serves one Jira under its own address only",
			"ask for the address that the proxy printed, not for " + nameOf(r.Host)}
	}
	if r.Method == http.MethodConnect || !strings.HasPrefix(r.URL.Path, "/") {
		return &refusal{http.StatusBadRequest, "this is no proxy for other hosts",
			"give tools the printed address as Jira's base URL, not as HTTP proxy"}
	}
	if r.Method == http.MethodTrace || r.Method == "TRACK" {
		return &refusal{http.StatusMethodNotAllowed, "the answer would repeat the session's cookies", ""}
	}
	if !loopback.OwnPage(r) {
		return &refusal{http.StatusForbidden, "a page of another site sent this request", ""}
	}
	if !g.knows(r) {
		return &refusal{http.StatusUnauthorized, "the access token is missing or wrong",
			"send it as Authorization: Bearer, as Basic password, or as " + tokenHeader}
	}
	return nil
}

// knows reports whether r carries the token. The comparison tells nothing by its time.
func (g accessControl) knows(r *http.Request) bool {
	given := []string{r.Header.Get(tokenHeader)}
	if _, password, ok := r.BasicAuth(); ok {
		given = append(given, password)
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		given = append(given, strings.TrimSpace(token))
	}
	known := 0
	for _, s := range given {
		sum := sha256.Sum256([]byte(s))
		known |= subtle.ConstantTimeCompare(sum[:], g.token[:])
	}
	return known == 1
}

func nameOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}
