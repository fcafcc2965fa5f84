package jira

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// maxSniffed is how much of an answer's beginning is searched for what names a gateway.
const maxSniffed = 16 << 10

// GatewayIn recognises a gateway by what only its own pages say.
func GatewayIn(a *httpclient.Response) (gateway, bool) {
	body := a.Body[:min(len(a.Body), maxSniffed)]
	for _, g := range gatewayHeaders {
		if g.own && matches(a.Header, g.header, g.value()) {
			return g.by, true
		}
	}
	if len(body) == 0 || namesUser(a.Body) {
		return gateway{}, false
	}
	for _, g := range gatewayWords {
		if g.words().Match(body) {
			return g.by, true
		}
	}
	return gateway{}, false
}

// GatewayNear is GatewayIn for an answer that is known not to be Jira's: headers that
// also stand on what is passed on count, too.
func GatewayNear(a *httpclient.Response) gateway {
	if g, ok := GatewayIn(a); ok {
		return g
	}
	for _, g := range gatewayHeaders {
		if matches(a.Header, g.header, g.value()) {
			return g.by
		}
	}
	return gateway{Hint: HintThrough}
}

// blame names the gateway that answered an assertion in the SP's place, if one did.
func (v *Visit) blame(e *RefusedError, answers ...*httpclient.Response) {
	e.Words = v.withoutCookies(e.Words)
	for _, a := range answers {
		name := ""
		for _, u := range []*url.URL{a.Location(), a.URL} {
			if u != nil && name == "" {
				name = v.cfg.GatewayPage(u)
			}
		}
		g, ok := GatewayIn(a)
		switch {
		case name != "":
			e.Gateway = name
		case AsJira(a) || e.Cause != CauseUnknown && e.Cause != CauseConsumer:
			continue
		case ok:
			e.Gateway, e.hint = g.Name, g.Hint
		case a.Status >= 400 && (JSONMessage(a.Body) != "" || mediaType(a.Header) == "text/plain" && len(a.Body) > 0):
			// Jira's refusals are pages, and its errors in JSON have another form.
			e.hint = HintThrough
		default:
			continue
		}
		e.Cause = CauseGateway
		if e.Words == "" || ok {
			e.Words = v.MessageOf(a)
		}
		return
	}
}

func matches(h http.Header, name string, value *regexp.Regexp) bool {
	for _, line := range h.Values(name) {
		if value.MatchString(line) {
			return true
		}
	}
	return false
}

// MessageOf returns what an answer says for a person: the message of a JSON error, the
// first words of a page, the first line of a text. It is bounded, has no control
// characters, nothing as long as a token, and no value of a cookie that was sent.
func (v *Visit) MessageOf(a *httpclient.Response) string {
	words := JSONMessage(a.Body)
	switch {
	case words != "":
	case bytes.Contains(bytes.ToLower(a.Body[:min(len(a.Body), maxSniffed)]), []byte("<")):
		if words = wordsOf(a); words == "" {
			words = htmlform.Text(a.Body, "body")
		}
	default:
		words, _, _ = strings.Cut(string(bytes.TrimSpace(a.Body[:min(len(a.Body), maxSniffed)])), "\n")
	}
	id := referenceIn().FindStringSubmatch(string(a.Body[:min(len(a.Body), maxSniffed)]))
	if id != nil && !strings.Contains(words, id[2]) {
		words += " (" + strings.ToLower(id[1]) + " " + id[2] + ")"
	} else if ray := a.Header.Get("Cf-Ray"); rayID().MatchString(ray) {
		words += " (ray id " + ray + ")"
	}
	return v.withoutCookies(Cleaned(words))
}

var (
	// referenceIn finds the number under which a gateway's log has its refusal.
	referenceIn = lazyregexp.New(`(?i)((?:support|ray|incident|reference|request|tracking|trace) id|reference #)` +
		`(?:\s|is|:|#|<[^>]{0,60}>|&nbsp;){0,12}([0-9a-z][0-9a-z.-]{5,47})`)
	rayID = lazyregexp.New(`^[0-9a-fA-F]{8,32}(-[A-Z]{3})?$`)
)

// messageFields are the fields of a JSON error that explain it, the likeliest first.
var messageFields = []string{
	"message", "Message", "error_description", "detail", "error", "errorMessage", "title", "reason", "state", "status",
}

// JSONMessage returns the text of a JSON error, "" if there is none.
func JSONMessage(body []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(PlainJSON(body), &fields) != nil {
		return ""
	}
	for _, name := range messageFields {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" {
			return text
		}
		var nested struct{ Message string }
		if json.Unmarshal(raw, &nested) == nil && nested.Message != "" {
			return nested.Message
		}
	}
	return ""
}

// Cleaned makes one bounded, printable line of a server's words.
func Cleaned(words string) string {
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(words, ""))
	words = longWord().ReplaceAllString(strings.Join(strings.Fields(words), " "), "…")
	if runes := []rune(words); len(runes) > maxWords {
		words = string(runes[:maxWords-1]) + "…"
	}
	return words
}

// maxWords is how many characters of a server's words are shown.
const maxWords = 200

// withoutCookies blanks the values of the jar's cookies: a page may repeat what was sent.
func (v *Visit) withoutCookies(words string) string {
	if v.Jar == nil {
		return words
	}
	for _, c := range v.Jar.All() {
		if len(c.Value) >= 6 {
			words = strings.ReplaceAll(words, c.Value, "…")
		}
	}
	return words
}
