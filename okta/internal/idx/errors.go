package idx

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

const (
	hintBrowser = "sign in once in a browser and see what Okta asks for"
	hintApp     = "ask an administrator whether the app is assigned to the user and what its sign-on policy says"
	hintUpgrade = "update Okta Verify on the telephone; the organisation wants a number to be chosen there"
	hintFactor  = "the authenticator is suspended after too many wrong codes: choose another one with MFAType, or wait"
	hintLink    = "the sign-in went on where the mail's link was opened: sign in again and type the code of the mail " +
		"instead"
	hintSafeMode = "Okta is in safe or read-only mode: try again later"
	hintEnrol    = "enrol one of the authenticators that the app's policy names, or ask an administrator which those are"
)

// messageMeaning is what a message of the Identity Engine means to the caller.
type messageMeaning struct {
	keys   []string // patterns, see ion.Message.Is
	always bool     // whatever its severity
	flow.Meaning
}

// messageMeanings lists the messages that end a request, the more telling ones first:
// an answer may carry several. Messages that wrap an error code of the other API
// ("errors.E0000119") are looked up in flow.Meanings.
var messageMeanings = []messageMeaning{
	{[]string{ion.MsgPushRejected}, true, means(autherr.ErrMFARejected,
		"if nobody pressed No, somebody else may have the password")},
	{[]string{ion.MsgCancelledElsewhere}, true, means(autherr.ErrMFARejected,
		"the sign-in was declined where the mail's link was opened; if nobody of yours did, somebody else may have the "+
			"password")},
	{[]string{ion.MsgNewTab, ion.MsgOriginalTab}, true, means(autherr.ErrMFARejected, hintLink)},
	{[]string{ion.MsgNumberUpgrade}, true, means(autherr.ErrMFARejected, hintUpgrade)},
	{[]string{ion.MsgBiometrics}, true, means(autherr.ErrMFARejected,
		"switch on biometrics in the app on the telephone; the organisation wants them")},
	{[]string{ion.MsgNextToken}, true, means(autherr.ErrPassCodeNeeded, "the token asks for its next code")},
	{[]string{ion.MsgIncorrectPassword, ion.MsgBadCredentials}, false, means(autherr.ErrCredentials, flow.HintPassword)},
	{[]string{ion.MsgPassCodeInvalid, ion.MsgSoftTokenInvalid}, false, means(autherr.ErrMFARejected,
		"the code or answer is wrong")},
	{[]string{ion.MsgSoftTokenUsed}, false, means(autherr.ErrMFARejected, "each code works once: use the next one")},
	{[]string{ion.MsgWebAuthnInvalid}, false, means(autherr.ErrMFARejected, flow.HintPasskey)},
	{[]string{ion.MsgSuspendedFactor}, false, means(autherr.ErrMFARejected, hintFactor)},
	{[]string{ion.MsgSessionExpired, ion.MsgTransactionGone, ion.MsgInvalidDevice}, false, means(autherr.ErrUnreachable,
		flow.HintExpired)},
	{[]string{ion.MsgSMSLimit, ion.MsgCallLimit}, false, means(autherr.ErrRateLimited, flow.HintMessages)},
	{[]string{ion.MsgTooManyRequests, ion.MsgOIETooManyRequests, ion.MsgAPIRateLimit}, false, means(autherr.ErrRateLimited,
		flow.HintLimit)},
	{[]string{ion.MsgAssuranceUnsatisfied}, false, means(autherr.ErrUnsupported, hintEnrol)},
	{[]string{ion.MsgDeviceAssurance}, false, means(autherr.ErrExchangeRefused,
		"the device does not meet the organisation's rules: ask an administrator")},
	{[]string{ion.MsgAccessDenied, ion.MsgNotAssigned, ion.MsgUserNotAssigned}, false, means(autherr.ErrExchangeRefused,
		hintApp)},
	{[]string{ion.MsgSafeMode, ion.MsgReadOnly}, false, means(autherr.ErrUnreachable, hintSafeMode)},
	{[]string{ion.MsgInternal}, false, means(autherr.ErrUnreachable, flow.HintLater)},
}

func means(kind error, hint string) flow.Meaning { return flow.Meaning{Kind: kind, Hint: hint} }

// wrongCode lists the messages that leave room for another code.
var wrongCode = []string{ion.MsgPassCodeInvalid, ion.MsgSoftTokenInvalid, ion.MsgSoftTokenUsed, ion.MsgNextToken,
	"errors.E0000068", "errors.E0000082", "errors.E0000083", "errors.E0000087", ion.MsgBadCredentials}

// complaint returns the refusal in an answer, nil if there is none. known says that
// its meaning is, and is not just guessed from the status.
func (t *transaction) complaint(a *ion.Answer) (e *flow.Error, known bool) {
	secrets := t.secrets()
	said, m, known := t.meaningOf(a)
	if said == nil {
		return nil, false
	}
	e = &flow.Error{Status: a.Status, Code: code(said.Key), Summary: flow.Printable(said.Text, secrets)}
	for _, other := range a.Errors() {
		if text := flow.Printable(other.Text, secrets); text != e.Summary && text != "" && len(e.Causes) < 5 {
			e.Causes = append(e.Causes, text)
		}
	}
	var places []string
	for _, other := range append([]ion.Message{*said}, a.Errors()...) {
		for _, l := range other.Links {
			if u := flow.Printable(l.URL, secrets); !slices.Contains(places, u) && len(places) < 5 {
				places = append(places, u)
			}
		}
	}
	hint := m.Hint
	if len(places) > 0 {
		hint = strings.TrimPrefix(hint+"; see "+strings.Join(places, ", "), "; ")
	}
	e = flow.WithKind(e, m.Kind, hint)
	if e.Is(autherr.ErrRateLimited) {
		e.Wait = flow.WaitFor(e.Code, t.header, time.Now())
	}
	return e, known
}

// refusal is complaint, less what is said about an offer that can be skipped.
func (t *transaction) refusal(a *ion.Answer) (e *flow.Error, known bool) {
	if a.Status < 300 && a.Skippable() != nil {
		return nil, false
	}
	return t.complaint(a)
}

// meaningOf finds the message that decides, and what it means.
func (t *transaction) meaningOf(a *ion.Answer) (*ion.Message, flow.Meaning, bool) {
	for _, row := range messageMeanings {
		if said := find(a, row.keys, row.always); said != nil {
			return said, row.Meaning, true
		}
	}
	errs := a.Errors()
	if len(errs) == 0 {
		return nil, flow.Meaning{}, false
	}
	for i := range errs {
		if m, ok := flow.Meanings[code(errs[i].Key)]; ok {
			return &errs[i], m, true
		}
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		return &errs[0], means(autherr.ErrRateLimited, flow.HintLimit), true
	case a.Status >= 500:
		return &errs[0], means(autherr.ErrUnreachable, flow.HintLater), false
	case a.Status == http.StatusUnauthorized && t.passwordSent && t.picked == nil && ofIDX(a, errs[0]):
		return &errs[0], means(autherr.ErrCredentials, flow.HintPassword), false
	case a.Status == http.StatusForbidden:
		return &errs[0], means(autherr.ErrExchangeRefused, hintApp), false
	case a.Status < 300 && slices.ContainsFunc(a.Names(),
		func(name string) bool { return ion.RoleOf(name) == ion.Optional }):
		return &errs[0], means(autherr.ErrUnsupported, "sign in once in a browser and set up what the policy demands"), false
	}
	return &errs[0], means(autherr.ErrBadAnswer, hintBrowser), false
}

// ofIDX tells an answer of the Identity Engine from a gateway's that has messages, too.
func ofIDX(a *ion.Answer, m ion.Message) bool {
	return a.Version != "" || a.StateHandle != "" || m.Key != ""
}

func find(a *ion.Answer, keys []string, always bool) *ion.Message {
	for _, m := range a.AllMessages() {
		if (always || m.Severity == ion.SeverityError) && slices.ContainsFunc(keys, m.Is) {
			return &m
		}
	}
	return nil
}

// code is the key of a message as Error.Code: bare where it wraps an error code of the
// other API.
func code(key string) string {
	if bare := strings.TrimPrefix(key, "errors."); flow.CodeShape().MatchString(bare) {
		return bare
	}
	return flow.Printable(key, nil)
}

// fatal is the error of an answer with which nothing can be done: a refusal, or an end
// without success. nil for every other answer.
func (t *transaction) fatal(a *ion.Answer) error {
	if a == t.excused {
		return nil
	}
	if e, _ := t.refusal(a); e != nil {
		return e
	}
	switch {
	case a.SuccessInteractionCode:
		return autherr.New(autherr.ErrUnsupported,
			"okta: the transaction ends in an interaction code, which is for embedded OAuth clients",
			"SSOLoginURL must be the embed link of a SAML app")
	case !a.Terminal():
		return nil
	case a.Failure != nil:
		return autherr.New(autherr.ErrExchangeRefused, "okta: the sign-in ended without success and without an explanation",
			hintApp)
	}
	if ms := a.AllMessages(); len(ms) > 0 {
		return autherr.New(autherr.ErrUnsupported, fmt.Sprintf("okta: the transaction ended without a sign-in: %s %s",
			flow.Printable(ms[0].Key, nil), flow.Printable(ms[0].Text, t.secrets())), hintBrowser)
	}
	if names := a.Names(); len(names) > 0 {
		return autherr.New(autherr.ErrUnsupported, "okta: nothing but recovery or registration is offered: "+offersOf(a),
			"a client without a browser never begins those; sign in once in a browser")
	}
	return autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the answer (status %d) holds nothing to go on with", a.Status), hintBrowser)
}

// offersOf lists what an answer offers, for an error text.
func offersOf(a *ion.Answer) string {
	all := a.OffersOf()
	if a.Current != nil && a.Form(ion.ChallengeAuthenticator) != nil {
		all = append(all, a.Current.Label())
	}
	for _, name := range a.Names() {
		if !slices.Contains(all, name) && ion.Ignorable(name) {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return flow.Printable(strings.Join(all, ", "), nil)
}

// stuck is the error of an answer that no row of turns fits: it says what was offered
// and what somebody else can do about it.
func (t *transaction) stuck(a *ion.Answer) error {
	unsupported := func(text, hint string) error { return autherr.New(autherr.ErrUnsupported, "okta: "+text, hint) }
	if a.OnlyFastPass() {
		return unsupported("the policy wants Okta FastPass on a managed device; offered: "+offersOf(a),
			"an administrator can allow a push, a code or another possession factor in the app's sign-on policy")
	}
	roles := map[ion.Role]*ion.Form{}
	for i := range a.Remediations {
		f := &a.Remediations[i]
		if role := ion.RoleOf(f.Name); roles[role] == nil {
			roles[role] = f
		}
	}
	switch {
	case roles[ion.Unknown] != nil:
		return unsupported("a step of the sign-in is not known; offered: "+strings.Join(a.Names(), ", "),
			hintBrowser)
	case roles[ion.Expired] != nil:
		e := autherr.New(autherr.ErrCredentials, "okta: the password has expired", flow.HintNewPassword)
		if f := roles[ion.Expired]; f.Site != nil && f.Site.URL != "" {
			e.Hint = "change it at " + flow.Printable(f.Site.URL, t.secrets())
		}
		return e
	case roles[ion.Optional] != nil:
		return unsupported("the policy demands that the user sets something up first; offered: "+offersOf(a),
			"sign in once in a browser and set it up, or ask an administrator to make it optional")
	case roles[ion.Elsewhere] != nil:
		return elsewhere(a)
	case roles[ion.Person] != nil:
		return unsupported("a person has to decide something in a browser; offered: "+offersOf(a),
			"sign in once in a browser, or ask an administrator whether the app has to ask for it")
	}
	return unsupported("nothing that is offered works without a browser: "+offersOf(a), hintBrowser)
}

// elsewhere is the error of an answer that sends the user to another site.
func elsewhere(a *ion.Answer) error {
	var sites []string
	for i := range a.Remediations {
		f := &a.Remediations[i]
		if ion.RoleOf(f.Name) != ion.Elsewhere || len(sites) == 10 {
			continue
		}
		site := f.Name
		if f.IDP != nil {
			site = strings.TrimSpace(f.IDP.Name + " (" + strings.TrimSpace(f.IDP.Type+" "+f.Name) + ")")
		}
		sites = append(sites, flow.Printable(site, nil))
	}
	e := autherr.New(autherr.ErrUnsupported,
		"okta: the user is sent on to another identity provider: "+strings.Join(sites, ", ")+"; offered: "+offersOf(a),
		"only users whose password Okta itself checks can sign in without a browser; an administrator's routing rule "+
			"decides that")
	if strings.Contains(e.Text, "AgentlessDSSO") {
		e.Hint += ". Windows machines are told by the user agent: try a UserAgent without the word Windows"
	}
	return e
}
