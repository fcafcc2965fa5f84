package crowd

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

// Answers of the REST API hold what decides (a reason, a token) beside what is only for
// people (a message, a user's name), and the latter may break the document: Crowd writes
// characters that XML forbids, and gateways cut off, append, and declare wrongly. So each
// answer is read as the document that it should be and, if it is not, searched for the
// element that decides.

type (
	sessionEntity struct {
		XMLName xml.Name `xml:"session"`
		Token   string   `xml:"token"`
		Created string   `xml:"created-date"`
		Expiry  string   `xml:"expiry-date"`
	}
	cookieEntity struct {
		XMLName xml.Name `xml:"cookie-config"`
		Domain  string   `xml:"domain"`
		Secure  bool     `xml:"secure"`
		Name    string   `xml:"name"`
	}
	errorEntity struct {
		XMLName xml.Name `xml:"error"`
		Reason  string   `xml:"reason"`
		Message string   `xml:"message"`
	}
)

var (
	rootElement = lazyregexp.New(`^(?:[^<]*<[?!][^>]*>)*[^<]*<(?:[\w.-]+:)?([\w-]+)[\s/>]`)
	comment     = lazyregexp.New(`(?s)<!--.*?-->`)

	xmlReason   = lazyregexp.New(`<(?:[\w.-]+:)?reason(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?\s*([A-Za-z_]+)`)
	xmlMessage  = lazyregexp.New(`(?s)<(?:[\w.-]+:)?message(?:\s[^>]*)?>(.*)</(?:[\w.-]+:)?message\s*>`)
	jsonReason  = lazyregexp.New(`"reason"\s*:\s*"\s*([A-Za-z_]+)\s*"`)
	jsonMessage = lazyregexp.New(`"message"\s*:\s*"((?:[^"\\]|\\.)*)"`)
	jsonToken   = lazyregexp.New(`"token"\s*:\s*"([^"\\]+)"`)

	userElement = lazyregexp.New(`(?s)<(?:[\w.-]+:)?user[\s>].*</(?:[\w.-]+:)?user\s*>`)
	sessionLink = lazyregexp.New(`/session/([^/"'<>?#\s]+)["']`)
)

// root returns the local name of the first element of an XML document, "" if text does
// not begin like one.
func root(text []byte) string {
	return firstOf(rootElement(), comment().ReplaceAll(text, nil))
}

func firstOf(pattern *regexp.Regexp, text []byte) string {
	if found := pattern.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// element returns the text of the first element of that name, wherever it stands.
func element(text []byte, name string) string {
	open := `<(?:[\w.-]+:)?` + name + `(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?`
	pattern := regexp.MustCompile(open + `([^<]*?)(?:\]\]>)?\s*</`)
	return strings.TrimSpace(html.UnescapeString(firstOf(pattern, text)))
}

// readError reads the error entity of a refused call, in XML or in JSON: what runs
// before Crowd's resources, a filter or a gateway, may not look at Accept. ok is
// false if the body is something else, such as a page of the servlet container.
func readError(body []byte) (e errorEntity, ok bool) {
	text := xmltext.Repair(body[:min(len(body), maxREST)])
	start := bytes.IndexAny(text, "{<")
	switch {
	case start < 0:
		return errorEntity{}, false
	case text[start] == '{':
		e = errorInJSON(text[start:])
	case root(text) == "error":
		e = errorInXML(text)
	}
	e.Reason = strings.TrimSpace(e.Reason)
	if upper := strings.ToUpper(e.Reason); reasons[upper].kind != nil {
		e.Reason = upper
	}
	if e.Reason == "" || len(e.Reason) > 64 || strings.ContainsFunc(e.Reason, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z')
	}) {
		return errorEntity{}, false
	}
	return e, true
}

func hasReason(body []byte) bool {
	_, ok := readError(body)
	return ok
}

func errorInXML(text []byte) (e errorEntity) {
	if xml.NewDecoder(bytes.NewReader(text)).Decode(&e) == nil && e.Reason != "" {
		return e
	}
	// A message may quote anything, so the reason is looked for outside of it first.
	e = errorEntity{Message: html.UnescapeString(firstOf(xmlMessage(), text))}
	if e.Reason = firstOf(xmlReason(), xmlMessage().ReplaceAll(text, nil)); e.Reason == "" {
		e.Reason = firstOf(xmlReason(), text)
	}
	return e
}

func errorInJSON(text []byte) (e errorEntity) {
	var fields map[string]json.RawMessage
	text = bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' ' // JSON allows none of them in a string
		}
		return r
	}, text)
	if json.NewDecoder(bytes.NewReader(text)).Decode(&fields) == nil {
		var reason string
		if json.Unmarshal(fields["reason"], &reason) == nil && reason != "" {
			if json.Unmarshal(fields["message"], &e.Message) != nil {
				e.Message = string(fields["message"]) // a number, say
			}
			return errorEntity{Reason: reason, Message: e.Message}
		}
	}
	return errorEntity{Reason: firstOf(jsonReason(), text), Message: firstOf(jsonMessage(), text)}
}

// newToken is what is kept of a session.
type newToken struct {
	value    string
	lifetime time.Duration // from creation to expiry by Crowd's own clock; 0: not said
}

// readSession reads a session that was made. With an error the value may be a token
// all the same: one that exists, and that no cookie can carry.
func readSession(body []byte) (newToken, error) {
	if len(body) > maxREST {
		return newToken{}, errors.New("it is too large")
	}
	text := bytes.TrimSpace(xmltext.Repair(body))
	var e sessionEntity
	err := readXML(body, &e)
	switch {
	case err != nil && bytes.HasPrefix(text, []byte("{")): // not what was asked for
		return newToken{value: firstOf(jsonToken(), text)}, err
	case err != nil && root(text) != "session":
		return newToken{}, err
	case err != nil || e.Token == "":
		outside := userElement().ReplaceAll(text, nil)
		e.Token = element(outside, "token")
		e.Created, e.Expiry = element(outside, "created-date"), element(outside, "expiry-date")
	}
	t := newToken{value: strings.TrimSpace(e.Token)}
	switch {
	case t.value == "":
		return newToken{}, errors.New("there is no token in it")
	case notToken(t.value):
		return t, errors.New("the token cannot be a cookie's value")
	}
	created, err1 := time.Parse(time.RFC3339, strings.TrimSpace(e.Created))
	expiry, err2 := time.Parse(time.RFC3339, strings.TrimSpace(e.Expiry))
	if err1 == nil && err2 == nil && expiry.After(created) {
		t.lifetime = expiry.Sub(created)
	}
	return t, nil
}

// linkedToken finds the token of a session that was made in its address: in Location,
// or in the link to itself. "" is none, or one that no cookie can carry.
func linkedToken(a *httpclient.Response) string {
	_, token, _ := strings.Cut(a.Header.Get("Location"), restPath+"/session/")
	if text := xmltext.Repair(a.Body); token == "" && root(text) == "session" {
		token = firstOf(sessionLink(), text)
	}
	if a.Status != http.StatusCreated || notToken(token) || strings.ContainsAny(token, "/?#%") {
		return ""
	}
	return token
}

func notToken(value string) bool {
	return len(value) > 1024 || strings.ContainsFunc(value, notCookieOctet)
}

// cookieConfig says how the token travels in a Cookie header.
type cookieConfig struct {
	known  bool // Crowd said so
	name   string
	domain string // without a leading dot; "": host-only
	secure bool
}

// defaultCookie is the cookie's name unless an administrator changed it.
const defaultCookie = "crowd.token_key"

func readCookieConfig(body []byte) (cookieConfig, error) {
	var e cookieEntity
	if err := readXML(body, &e); err != nil {
		return cookieConfig{}, err
	}
	c := cookieConfig{known: true, name: strings.TrimSpace(e.Name), secure: e.Secure}
	if c.name == "" {
		c.name = defaultCookie
	}
	if len(c.name) > 256 || strings.ContainsFunc(c.name, notTokenChar) {
		return cookieConfig{}, errors.New("the cookie's name cannot be one")
	}
	c.domain = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(e.Domain), "."))
	if c.domain == "localhost" || len(c.domain) > 253 || strings.ContainsFunc(c.domain, notHostChar) {
		c.domain = ""
	}
	return c, nil
}

// readXML decodes one document whose root is the one that v names. Bodies are at
// most maxREST long; encoding/xml resolves no external entities and bounds depth.
func readXML(body []byte, v any) error {
	if len(body) > maxREST {
		return errors.New("it is too large")
	}
	d := xml.NewDecoder(bytes.NewReader(xmltext.Repair(body)))
	if err := d.Decode(v); err != nil {
		if err == io.EOF {
			return errors.New("it is empty")
		}
		// The decoder's own words may quote the document, and with it a token.
		return errors.New("it is not the XML that was asked for")
	}
	return nil
}

// notCookieOctet is RFC 6265, section 4.1.1: what may not be in a cookie's value.
func notCookieOctet(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '"' || r == ',' || r == ';' || r == '\\'
}

// notTokenChar is RFC 9110, section 5.6.2: what may not be in a cookie's name.
func notTokenChar(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func notHostChar(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}
