package loginform

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// hosts are the origins that may be visited. Nothing that a page says adds to them.
type hosts struct {
	visit  map[string]bool
	secret map[string]bool // of these, those that may see the password
}

func (c *Client) hosts() (hosts, error) {
	own := httpclient.Origin(c.LoginURL)
	h := hosts{visit: map[string]bool{own: true}, secret: map[string]bool{own: true}}
	for _, text := range c.Hosts {
		o, err := parseOrigin("SSOHosts", text)
		if err != nil {
			return h, err
		}
		h.visit[o] = true
	}
	for _, text := range c.SecretHosts {
		o, err := parseOrigin("SSOSecretHosts", text)
		if err != nil {
			return h, err
		}
		h.visit[o], h.secret[o] = true, true
	}
	return h, nil
}

// CheckHost returns an error that Is ErrConfig unless text is what [Client.Hosts] takes.
// property names it in the error.
func CheckHost(property, text string) error {
	_, err := parseOrigin(property, text)
	return err
}

func parseOrigin(property, text string) (string, error) {
	raw := strings.TrimSpace(text)
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" ||
		httpclient.CheckURL(u) != nil {
		return "", autherr.New(autherr.ErrConfig, "loginform: "+property+" has an entry that is no host",
			"each is a host, host:port, or https://host")
	}
	return httpclient.Origin(u), nil
}

func (h hosts) visits(u *url.URL) bool {
	return u != nil && httpclient.CheckURL(u) == nil && h.visit[httpclient.Origin(u)]
}

// check returns the error of an address that may not be visited. what says who named it.
func (h hosts) check(what string, u *url.URL) error {
	switch {
	case h.visits(u):
		return nil
	case u == nil || u.Host == "":
		return badAnswer(what + " has no usable address")
	case httpclient.CheckURL(u) != nil:
		return badAnswer(what + " leads to " + httpclient.Origin(u) + ", which is not https")
	}
	origin := httpclient.Origin(u)
	if e := refusedHost(u); e != nil {
		return e
	}
	return autherr.New(autherr.ErrConfig, "loginform: "+what+" leads to "+origin+", which is not among the hosts "+
		"that may be visited",
		"if it belongs to the sign-in, add it to SSOHosts (or to SSOSecretHosts, if the password is to be entered "+
			"there)")
}

// isACS reports whether u is the service provider's assertion consumer service.
func (c *Client) isACS(u *url.URL) bool {
	return httpclient.SameOrigin(u, c.ACS) && u.EscapedPath() == c.ACS.EscapedPath() && u.RawQuery == c.ACS.RawQuery
}
