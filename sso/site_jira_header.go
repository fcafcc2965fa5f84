package sso

import (
	"context"
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/jira"
)

// refuser is a credential that understands why a site refused it; nil: it was not refused, or it has
// ended.
type refuser interface {
	Refusal(resp *http.Response) error
}

// whoAmIByHeader is WhoAmI for a credential that is no browser's session. It sends it once: Jira
// counts wrong passwords, and locks the account's REST access by a captcha after three.
func (j jiraSite) whoAmIByHeader(ctx context.Context, c credential.Credential) (string, error) {
	v := j.client.jira().Visit(nil)
	v.Client.Jar, v.Client.Authorize = nil, c.Authorize
	a, err := v.Ask(ctx, jira.MyselfPath)
	if err != nil {
		return "", err
	}
	answer := &http.Response{StatusCode: a.Status, Header: a.Header}
	if k, ok := c.(credential.Corrector); ok && k.Correct(answer) {
		if a, err = v.Ask(ctx, jira.MyselfPath); err != nil {
			return "", err
		}
		answer = &http.Response{StatusCode: a.Status, Header: a.Header}
	}
	if r, ok := c.(refuser); ok {
		if err := r.Refusal(answer); err != nil {
			return "", autherr.AtStep(autherr.StepVerify, err)
		}
	}
	if name := v.NamedIn(a); name != "" {
		return name, nil
	}
	if err := denied(j.client.scheme, "jira", a.Response); err != nil {
		return "", err
	}
	if a.Status == http.StatusUnauthorized {
		return "", nil
	}
	if known, err := v.Anonymous(a); err != nil || known {
		return "", err
	}
	return "", v.NotJira(a.Response)
}

// denied reads what Atlassian's products say of a password beyond its being wrong; nil: nothing.
func denied(used *scheme, server string, a *httpclient.Response) error {
	switch {
	case strings.HasPrefix(a.Header.Get("X-Authentication-Denied-Reason"), "CAPTCHA_CHALLENGE"):
		return &siteRefusal{used.secret(), autherr.New(ErrCredentials, server+": too many wrong passwords: "+server+" wants a captcha",
			"sign in once at its login page in a browser, then again here")}
	case a.Status == http.StatusForbidden && strings.Contains(string(a.Body), "Basic Authentication has been disabled"):
		return autherr.New(ErrConfig, server+": Basic authentication is switched off",
			"use AuthScheme=PAT with a personal access token, or have an administrator allow Basic for this user or path")
	}
	return nil
}
