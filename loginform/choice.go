package loginform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// Choice answers a page on which there is something to choose: it presses the button of that
// name and value, takes the form that has a hidden field of that name and value, or, with the
// name "id", follows the link of that id.
type Choice struct{ Name, Value string }

// ParseChoices reads "name=value;name=value". A value may be empty; an entry without "=" is
// the id of a link. The error Is ErrConfig.
func ParseChoices(text string) ([]Choice, error) {
	var all []Choice
	for _, entry := range strings.Split(text, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, value, pair := strings.Cut(entry, "=")
		c := Choice{strings.TrimSpace(name), strings.TrimSpace(value)}
		if !pair {
			c = Choice{"id", c.Name}
		}
		if c.Name == "" {
			return nil, autherr.New(autherr.ErrConfig, "loginform: an entry of SSOChoose has no name",
				"entries are name=value, separated by semicolons")
		}
		all = append(all, c)
	}
	return all, nil
}

// option is one of the things that can be chosen on a page.
type option struct {
	form, button int // button -1: the form has none with a name
	name, value  string
	text         string
	no           bool
}

func (o option) String() string {
	s := o.name + "=" + o.value
	if o.text != "" {
		s += fmt.Sprintf(" %q", o.text)
	}
	return s
}

// kind is the second factor that the option is about, "" for none.
func (o option) kind() mfa.Kind { return kindIn(o.name + " " + o.value + " " + o.text) }

// options lists what can be chosen: named buttons, and forms without one by their hidden
// fields.
func (p *page) options() (all []option) {
	for _, i := range p.silent() {
		f := p.forms[i]
		buttons := 0
		for j, x := range f.Fields {
			if presses(x) && x.Name != "" {
				buttons++
				text := x.Text
				if text == "" && x.Type == "image" {
					text = x.ID
				}
				all = append(all, option{i, j, x.Name, x.Value, text, saysNo(x)})
			}
		}
		if buttons > 0 {
			continue
		}
		text := ""
		if b := slices.IndexFunc(f.Fields, presses); b >= 0 {
			text = f.Fields[b].Text + f.Fields[b].Value
		}
		for _, x := range f.Fields {
			if x.Type == "hidden" && x.Name != "" && !looksSecret(x.Name) {
				all = append(all, option{i, -1, x.Name, x.Value, text, false})
			}
		}
	}
	return all
}

// chooseLink follows a link that the configuration chose: to another identity provider, from
// a page of discovery.
func (w *walk) chooseLink(_ context.Context, p *page) (*submission, error) {
	if !slices.ContainsFunc(w.Choices, func(c Choice) bool { return c.Name == "id" }) || w.passwordAt[originOf(p)] {
		return nil, nil
	}
	for _, l := range htmlform.Links(p.URL, p.Body) {
		c := Choice{"id", l.ID}
		if !slices.Contains(w.Choices, c) || w.chosen[c] {
			continue
		}
		w.chosen[c] = true
		if err := w.hosts.check("the link "+l.ID, l.To); err != nil {
			return nil, err
		}
		return &submission{method: "GET", url: l.To, page: p.URL}, nil
	}
	return nil, nil
}

// choose presses what the configuration chose, or the only second factor that there is an
// answer for. Consent, terms and whatever else there is to choose are for a person.
func (w *walk) choose(ctx context.Context, p *page) (*submission, error) {
	options := p.options()
	if len(options) == 0 {
		return nil, nil
	}
	consent := consents(p)
	if consent || slices.ContainsFunc(options, func(o option) bool { return o.kind() != "" }) {
		w.accepted(ctx)
	}
	o := w.pick(options, slices.ContainsFunc(p.forms, func(f htmlform.Form) bool { return wantsConsent(p, f) }))
	if o == nil {
		if consent {
			return nil, w.failed(p, autherr.ErrPassCodeNeeded, "the identity provider asks for consent: "+w.list(options),
				"accept it once in a browser, or have an administrator switch the question off for this service "+
					"provider; to accept it here, name the button with SSOChoose='name=value'")
		}
		return nil, w.failed(p, autherr.ErrConfig, "there is something to choose: "+w.list(options),
			"choose with SSOChoose='name=value', a second factor with MFAType")
	}
	kind := o.kind()
	if w.looking && kind != "" {
		return nil, errLooked // a message, or a telephone's ringing
	}
	if kind == mfa.Email {
		if err := w.prepare(ctx); err != nil {
			return nil, err
		}
	}
	w.sent = nowFor(kind)
	w.polls = w.polls || kind == mfa.Push
	next, err := w.advance(ctx, p, o.form, o.button)
	return &next, err
}

// pick returns the option that is to be taken, nil for none. On a page that asks for consent,
// which may be to the release of a mail address, no word of an option names a factor.
func (w *walk) pick(options []option, consent bool) *option {
	for i, o := range options {
		if slices.Contains(w.Choices, Choice{o.name, o.value}) {
			return &options[i]
		}
	}
	if consent {
		return nil
	}
	var found *option
	for i, o := range options {
		kind := o.kind()
		if kind == "" || o.no || w.Factor != "" && kind != w.Factor || w.Factor == "" && !w.hasAnswer(kind) {
			continue
		}
		if found != nil && (found.form != o.form || found.button != o.button) {
			return nil
		}
		found = &options[i]
	}
	return found
}

// hasAnswer reports whether a factor can be answered without a person.
func (w *walk) hasAnswer(kind mfa.Kind) bool {
	c := mfa.Challenge{Kind: kind}
	if r, ok := w.Answerer.(mfa.Ready); ok && kind != mfa.Push && r.Ready(c) {
		return true
	}
	p, ok := w.Answerer.(mfa.Preparer)
	return ok && kind.Sent() && p.Awaits(c)
}

// maxListed is how many options an error lists.
const maxListed = 12

func (w *walk) list(options []option) string {
	var all []string
	for i, o := range options {
		if i == maxListed {
			all = append(all, "…")
			break
		}
		o.value, o.text = w.redact(o.value), w.redact(o.text)
		if r := []rune(o.String()); len(r) > 80 {
			all = append(all, string(r[:79])+"…")
		} else {
			all = append(all, o.String())
		}
	}
	return strings.Join(all, ", ")
}

// consentWords are parts of names and addresses of pages that ask for consent.
var consentWords = []string{"consent", "attributerelease", "terms", "agree", "kc-terms", "kc-oauth"}

// consents reports whether p asks for consent: by its words, or by a yes and a no.
func consents(p *page) bool {
	options := p.options()
	no := slices.IndexFunc(options, func(o option) bool { return o.no })
	return slices.ContainsFunc(p.forms, func(f htmlform.Form) bool { return wantsConsent(p, f) }) || no >= 0 &&
		len(options) == 2
}

// wantsConsent reports whether f accepts terms, or the release of data.
func wantsConsent(p *page, f htmlform.Form) bool {
	texts := []string{p.URL.Path, f.ID, f.Name}
	if f.Action != nil {
		texts = append(texts, f.Action.Path)
	}
	for _, x := range slices.Concat(f.Fields, f.Unticked) {
		texts = append(texts, x.Name, x.ID)
		if presses(x) {
			texts = append(texts, x.Value, x.Text)
		}
	}
	for _, text := range texts {
		text = strings.ToLower(text)
		for _, word := range consentWords {
			if strings.Contains(text, word) && !strings.Contains(text, "revokeconsent") {
				return true
			}
		}
	}
	return slices.ContainsFunc(f.Unticked, func(x htmlform.Field) bool { return x.Required })
}
