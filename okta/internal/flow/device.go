package flow

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// names are what the factor is called: the device's name, or the number or address as
// Okta masks it. The login under which it was enrolled (credentialId) is none of them:
// it is the same for all.
func (f Factor) names() []string {
	names := []string{f.Profile.PhoneNumber, f.Profile.Email, f.Profile.Name}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

// onDevice returns those of the factors that are on the device that the user named: by
// its whole name, else by its id, else by a part of its name. Names compare as a person
// sees them. Several devices, or several factors that nobody can tell apart, are an error.
func onDevice(factors []Factor, device string) ([]Factor, error) {
	named := func(match func(name string) bool) []Factor {
		return slices.DeleteFunc(slices.Clone(factors), func(f Factor) bool {
			return !slices.ContainsFunc(f.names(), match)
		})
	}
	wanted := visible(device)
	if wanted == "" {
		return nil, nil
	}
	fit := named(func(name string) bool { return visible(name) == wanted })
	if len(fit) == 0 {
		fit = named(func(name string) bool { return folded(name) == folded(device) })
	}
	if len(fit) == 0 {
		fit = slices.DeleteFunc(slices.Clone(factors), func(f Factor) bool { return f.ID != strings.TrimSpace(device) })
	}
	if len(fit) == 0 {
		fit = named(func(name string) bool { return strings.Contains(folded(name), folded(device)) })
	}
	return fit, ambiguous(fit, device)
}

// ambiguous is the error of a name that fits several devices, nil if it fits one.
func ambiguous(fit []Factor, device string) error {
	var ids []string
	for i, f := range fit {
		for _, g := range fit[:i] {
			if visible(f.Device()) != visible(g.Device()) {
				return autherr.New(autherr.ErrConfig,
					fmt.Sprintf("okta: %q fits several devices: %s", Printable(device, nil), List(fit)),
					"set MFADevice to the whole name of one of those")
			}
			if f.Kind() == g.Kind() && strings.EqualFold(f.Provider, g.Provider) && f.ID != g.ID {
				ids = append(ids, Printable(g.ID, nil), Printable(f.ID, nil))
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return autherr.New(autherr.ErrConfig, fmt.Sprintf("okta: several devices are called %q", Printable(device, nil)),
		"rename one of them, or set MFADevice to the id of one: "+strings.Join(slices.Compact(ids), ", "))
}

// lookalikes are characters that keyboards and telephones put in place of others.
var lookalikes = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "ʹ", "'", "′", "'", "´", "'", "`", "'", "‛", "'",
	"“", `"`, "”", `"`, "„", `"`, "″", `"`, "‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "−", "-")

// visible is a name as a person sees it: composed characters, one kind of apostrophe,
// quotation mark, hyphen and space, nothing invisible.
func visible(name string) string {
	// Some of the look-alikes decompose to a space and an accent, so they go first.
	name = norm.NFKC.String(lookalikes.Replace(name))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, lookalikes.Replace(name))
	return strings.Join(strings.Fields(name), " ")
}

// folded is visible without regard to case.
func folded(name string) string {
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(visible(name))))
}
