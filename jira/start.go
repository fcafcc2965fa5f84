package jira

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Start makes the SP start a sign-in and returns the request with which it
// sends the browser to the identity provider, and the address that did it.
func (v *Visit) Start(ctx context.Context, known string) (*saml.Request, string, error) {
	if v.cfg.SSOStartURL != nil {
		known = v.cfg.SSOStartURL.String()
	}
	if known != "" {
		req, err := v.requestFrom(ctx, known)
		switch {
		case v.cfg.SSOStartURL != nil && errors.Is(err, errNoStart):
			return nil, "", &autherr.Error{Kind: autherr.ErrConfig, Text: "jira: the page that SSOStartURL names starts no SAML sign-in",
				Hint: "name a page that redirects a stranger to the identity provider"}
		case v.cfg.SSOStartURL != nil, err == nil && v.forOurs(req), err != nil && !errors.Is(err, errNoStart):
			return req, known, err
		}
	}
	candidates, err := v.startCandidates(ctx)
	if err != nil {
		return nil, "", err
	}
	other := "" // where the SP would rather send its users
	var stray *strayError
	for _, address := range candidates {
		req, err := v.requestFrom(ctx, address)
		switch {
		case err == nil && v.forOurs(req):
			return req, address, nil
		case err == nil:
			other = req.URL.Host
		case !errors.Is(err, errNoStart):
			return nil, "", err
		case stray == nil:
			errors.As(err, &stray)
		}
	}
	return nil, "", v.noStart(other, stray)
}

// noStart explains why none of the pages led to the identity provider.
func (v *Visit) noStart(other string, stray *strayError) error {
	switch {
	case other != "" && config.IsAtlassianConsumer(v.cfg.SSOExchangeURL):
		return &autherr.Error{Kind: autherr.ErrConfig, Text: "jira: the SP sends its users to " + other + ", not to " + v.cfg.SSOLoginURL.Host,
			Hint: "check SSOLoginURL, or name the page that starts at the right identity provider with SSOStartURL"}
	case other != "":
		return &autherr.Error{Kind: autherr.ErrConfig, Text: "jira: the SP sends its users to " + other + ", not to " + v.cfg.SSOLoginURL.Host,
			Hint: "choose the identity provider with SSOStartURL, such as SSOStartURL=" + v.cfg.SSOExchangeURL.String() + "?idp=2 (its number or name in the app's settings)"}
	case stray != nil:
		return &autherr.Error{Kind: autherr.ErrUnsupported, Text: "jira: strangers are sent to " + stray.host + " without a SAML request",
			Hint: "a gateway in front of the SP, or OpenID Connect, wants a browser there: have the SP's paths let through (" + v.cfg.SSOExchangeURL.EscapedPath() +
				" and /rest/), or name a page that starts a SAML sign-in with SSOStartURL"}
	}
	return &autherr.Error{Kind: autherr.ErrConfig, Text: "jira: no page was found that starts a SAML sign-in",
		Hint: "name it with SSOStartURL (a page that redirects to the identity provider), or use SSOFlow=IdPInitiated if the identity provider can start"}
}

// strayError is a page that leads away from the SP, and not by SAML. It is an
// errNoStart.
type strayError struct{ host string }

func (e *strayError) Error() string { return errNoStart.Error() + ": it leads to " + e.host }

func (e *strayError) Is(target error) bool { return target == errNoStart }

// forOurs reports whether a request is meant for the identity provider of the
// connection: an SP may know several.
func (v *Visit) forOurs(req *saml.Request) bool {
	return v.cfg.SSOLoginURL == nil || strings.EqualFold(req.URL.Host, v.cfg.SSOLoginURL.Host) ||
		v.cfg.Domain != "" && strings.EqualFold(req.URL.Host, v.cfg.Domain) ||
		v.cfg.Visits != nil && v.cfg.Visits(req.URL)
}

var errNoStart = errors.New("the page starts no SAML sign-in")

// startCandidates lists the pages that may start a sign-in, likeliest first.
func (v *Visit) startCandidates(ctx context.Context) ([]string, error) {
	acs := v.cfg.SSOExchangeURL
	if !config.IsAtlassianConsumer(acs) {
		// The other vendors' consumer address starts a sign-in when it is opened.
		return []string{acs.String(), v.Address("/").String()}, nil
	}
	external := v.Address("/plugins/servlet/external-login")
	ids, err := v.loginOptions(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []string
	for _, id := range ids {
		candidates = append(candidates, external.JoinPath(strconv.Itoa(id)).String())
	}
	return append(candidates, external.String(), v.Address("/login.jsp").String(), v.Address("/").String()), nil
}

// maxIdPs is how many identity providers of one SP are tried.
const maxIdPs = 16

// loginOptions returns the ids of the identity providers that Atlassian's SSO
// plugin offers, none where the plugin is absent or older than the list.
func (v *Visit) loginOptions(ctx context.Context) ([]int, error) {
	a, err := v.Client.Do(ctx, httpclient.Request{
		Step: autherr.StepStart, Method: http.MethodGet, URL: v.Address("/rest/authconfig/1.0/login-options"),
		Header: http.Header{"Accept": {"application/json"}}, Limit: 256 << 10,
	})
	if err != nil {
		return nil, err
	}
	var options struct {
		Results []map[string]json.RawMessage `json:"results"`
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &options) != nil {
		return nil, nil
	}
	var ids []int
	for _, o := range options.Results {
		if id, ok := optionID(o); ok && !slices.Contains(ids, id) && len(ids) < maxIdPs {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// optionID finds the id of an identity provider in a login option. How the fields
// are called is not documented: besides "id" every address counts that leads to
// external-login.
func optionID(option map[string]json.RawMessage) (int, bool) {
	var kind string
	if json.Unmarshal(option["type"], &kind) != nil || !strings.EqualFold(kind, "IDP") {
		return 0, false
	}
	if id, err := strconv.Atoi(strings.Trim(string(option["id"]), `"`)); err == nil && id >= 0 {
		return id, true
	}
	for _, name := range slices.Sorted(maps.Keys(option)) {
		var link string
		if json.Unmarshal(option[name], &link) != nil {
			continue
		}
		_, rest, found := strings.Cut(link, "/plugins/servlet/external-login/")
		rest, _, _ = strings.Cut(rest, "?")
		if id, err := strconv.Atoi(strings.Trim(rest, "/")); found && err == nil && id >= 0 {
			return id, true
		}
	}
	return 0, false
}
