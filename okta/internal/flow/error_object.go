package flow

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// errorObject is an error object, as far as it can be read. Its texts are raw.
type errorObject struct {
	okta              bool   // it is one of Okta's, not that of a gateway
	code              string // of Okta, or what a gateway calls a code; may be empty
	summary, link, id string
	causes            []string // at most 5
}

var (
	// partOfCode is what is left of Okta's code where an answer was cut off.
	partOfCode = lazyregexp.New(`^E\d{0,6}$`)
	// codeMember finds the code where the damage is such that it is no member any more.
	codeMember = lazyregexp.New(`(?i)"errorCode"\s*:\s*"(E\d{7})`)
)

// readErrorObject reads a body, damaged or not. What decides is the code; where even
// that is lost, the members that only Okta writes still tell whose verdict it is.
func readErrorObject(body []byte) (o errorObject) {
	body, _, ok := jsonrepair.Bytes(body)
	if !ok {
		return o
	}
	for _, m := range MembersOf(body) {
		switch strings.ToLower(m.Name) {
		case "errorcode":
			o.code = decisive(o.code, TextOf(m.Raw))
		case "errorsummary":
			o.summary = firstOf(o.summary, TextOf(m.Raw))
		case "errorlink":
			o.link = firstOf(o.link, TextOf(m.Raw))
		case "errorid":
			o.id = firstOf(o.id, TextOf(m.Raw))
		case "errorcauses", "errorcause":
			o.causes = append(o.causes, causesOf(m.Raw)...)
		}
	}
	o.causes = o.causes[:min(len(o.causes), 5)]
	if found := codeMember().FindSubmatch(body); found != nil && !CodeShape().MatchString(o.code) {
		o.code = string(found[1])
	}
	if partOfCode().MatchString(o.code) {
		o.code, o.okta = "", true
	}
	if o.code == "" {
		o.okta = o.okta || o.summary != "" || strings.HasPrefix(o.id, "oae")
	} else {
		o.okta = CodeShape().MatchString(o.code)
	}
	return o
}

// decisive returns the one of two codes that counts where an object has several: one of
// Okta's, and of two of those the one that refuses a secret, which must not be sent again.
func decisive(a, b string) string {
	refuses := func(code string) bool { return Meanings[code].Kind == autherr.ErrCredentials }
	switch {
	case !CodeShape().MatchString(b):
		return firstOf(a, b)
	case !CodeShape().MatchString(a), refuses(b) && !refuses(a):
		return b
	}
	return a
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func causesOf(raw json.RawMessage) (causes []string) {
	for _, c := range OneOrMany[map[string]json.RawMessage](raw, 20) {
		if text := TextOf(c["errorSummary"]); text != "" {
			causes = append(causes, text)
		}
	}
	return causes
}

// member is a member of a JSON object. Names repeat.
type member struct {
	Name string
	Raw  json.RawMessage
}

// MembersOf lists the members of a valid JSON object, in order.
func MembersOf(object []byte) (all []member) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		var raw json.RawMessage
		if err != nil || !isName || dec.Decode(&raw) != nil {
			return all
		}
		all = append(all, member{name, raw})
	}
	return all
}

// TextOf is a JSON string, or a number as it is written; "" for anything else.
func TextOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// LooseText is a member that is text by rights. Anything else is read as textOf does.
type LooseText string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *LooseText) UnmarshalJSON(raw []byte) error {
	*t = LooseText(TextOf(raw))
	return nil
}
