package ticket

import (
	"fmt"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Requirement is a condition on a ticket, such as status=Approved. Case does not count.
type Requirement struct{ Name, Value string }

// ParseRequirement reads "name=value".
func ParseRequirement(s string) (Requirement, error) {
	name, value, ok := strings.Cut(s, "=")
	r := Requirement{strings.TrimSpace(name), strings.TrimSpace(value)}
	if !ok || r.Name == "" {
		return r, autherr.New(autherr.ErrConfig, "a requirement has the form name=value", "such as status=Approved")
	}
	return r, nil
}

// Names of what a requirement can be about, beside the API's own names.
const hintNames = "status, statusCategory, type, resolution, reporter, summary, approval, approval:NAME, " +
	"the ID or label of a request's field, or a path in the API's answer, such as fields.priority.name"

// Get returns what the ticket has under a name; false: it has nothing of the kind.
func (t *Ticket) Get(name string) (value string, ok bool) {
	folded := strings.ToLower(name)
	if step, is := strings.CutPrefix(folded, "approval:"); is {
		var named []Approval // a step that is gone through again has its name twice
		for _, a := range t.Approvals {
			if strings.EqualFold(a.Name, step) {
				named = append(named, a)
			}
		}
		return together(named), len(named) > 0
	}
	switch folded {
	case "approval":
		return together(t.Approvals), true
	case "key":
		return t.Key, true
	case "summary":
		return t.Summary, true
	case "status":
		return t.Status, true
	case "statuscategory":
		return t.Category, true
	case "type":
		return t.Type, true
	case "resolution":
		return t.Resolution, true
	case "reporter":
		return t.Reporter, true
	}
	if v, ok := lookup(t.document, name); ok {
		return scalar(v), true
	}
	if v, ok := t.field(name); ok {
		return v, true
	}
	v, ok := lookup(t.document["fields"], name)
	return scalar(v), ok
}

// together is the decision on steps together: "declined" if one is, "approved" if all are,
// "pending" otherwise, and "" if there is no step.
func together(steps []Approval) string {
	all := "approved"
	for _, a := range steps {
		switch a.Decision {
		case "approved":
		case "declined":
			return "declined"
		default:
			all = "pending"
		}
	}
	if len(steps) == 0 {
		return ""
	}
	return all
}

// Check returns nil if all requirements hold, an ErrExchangeRefused that names the first that does
// not, and an ErrConfig if the ticket has nothing under a name.
func (t *Ticket) Check(all []Requirement) error {
	for _, r := range all {
		value, ok := t.Get(r.Name)
		switch {
		case !ok:
			return autherr.New(autherr.ErrConfig, fmt.Sprintf("%s has no %s", t.Key, r.Name), "there are "+hintNames)
		case !strings.EqualFold(value, r.Value):
			if value == "" {
				value = "not set"
			}
			text := fmt.Sprintf("%s: %s is %s, not %s", t.Key, r.Name, value, r.Value)
			return autherr.New(autherr.ErrExchangeRefused, text, "")
		}
	}
	return nil
}
