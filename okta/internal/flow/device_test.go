package flow

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// onLogin is a factor that was enrolled under a login, as all of a user's are.
func onLogin(f Factor, login string) Factor {
	f.Profile.CredentialID = login
	return f
}

// TestDeviceByName: a push goes to the device that was named, by its name and nothing
// else, and to none if nobody can tell which one is meant.
func TestDeviceByName(t *testing.T) {
	const login = "ana@example.com"
	push := func(names ...string) (all []Factor) {
		for i, name := range names {
			all = append(all, onLogin(enrolled("opf"+string(rune('1'+i)), "push", "OKTA", name), login))
		}
		return all
	}
	for _, tt := range []struct {
		name    string
		offered []Factor
		device  string
		id      string // "": an error
		text    string
	}{
		{"part of a name that is part of the login, too", push("A spare phone", "Ana phone"), "Ana", "opf2", ""},
		{"part of the login alone", push("A spare phone", "Work phone"), "example.com", "", "not among those offered"},
		{"the whole login", push("A spare phone", "Work phone"), login, "", "not among those offered"},
		{"whole name before a longer one", push("Ana phone 2", "Ana phone"), "Ana phone", "opf2", ""},
		{"whole name before a part", push("Ana", "Ana phone"), "ana", "opf1", ""},
		{"same case before another", push("ana phone", "Ana Phone"), "Ana Phone", "opf2", ""},
		{"another case", push("Work", "ANA PHONE"), "ana phone", "opf2", ""},
		{"part of two names", push("Ana phone", "Ana tablet"), "Ana", "", "fits several devices"},
		{"two of one name", push("iPhone", "iPhone"), "iPhone", "", "several devices are called"},
		{"two of one name, as seen", push("Ana's iPhone", "Ana’s iPhone"), "Ana's", "", "several devices are called"},
		{"two of one name, by id", push("iPhone", "iPhone"), "opf2", "opf2", ""},
		{"part of an id", push("iPhone", "Tablet"), "opf", "", "not among those offered"},
		{"typographic apostrophe enrolled", push("Work", "Ana’s phone"), "Ana's phone", "opf2", ""},
		{"typographic apostrophe given", push("Work", "Ana's phone"), "Ana’s phone", "opf2", ""},
		{"modifier letter apostrophe", push("Work", "Anaʼs phone"), "Ana's", "opf2", ""},
		{"acute accent for an apostrophe", push("Work", "Ana´s phone"), "Ana`s phone", "opf2", ""},
		{"no-break space", push("Work", "Ana\u00a0phone"), "Ana phone", "opf2", ""},
		{"narrow no-break space given", push("Work", "Ana phone"), "Ana\u202fphone", "opf2", ""},
		{"two spaces", push("Work", "Ana  phone"), "Ana phone", "opf2", ""},
		{"space at the ends", push("Work", "Ana phone "), " Ana phone", "opf2", ""},
		{"decomposed, enrolled", push("Work", "Jose\u0301 phone"), "José phone", "opf2", ""},
		{"decomposed, given", push("Work", "José phone"), "Jose\u0301", "opf2", ""},
		{"full width", push("Work", "Ａｎａ phone"), "Ana phone", "opf2", ""},
		{"ligature", push("Work", "of\ufb01ce"), "office", "opf2", ""},
		{"non-breaking hyphen", push("Work", "Ana\u2011phone"), "ana-phone", "opf2", ""},
		{"invisible characters", push("Work", "\u200eAna\u200b phone\u00ad"), "Ana phone", "opf2", ""},
		{"sharp s in capitals", push("Work", "Straße"), "STRASSE", "", "not among"}, // not the same to the eye
		{"dotted and dotless", push("Work", "iPad"), "IPAD", "opf2", ""},
		{"Cyrillic that looks alike is another", push("Work", "Аna phone"), "Ana phone", "", "not among those offered"},
		{"nothing that can be seen", push("Work", "Ana"), "\u200b", "", "not among those offered"},
		{"unnamed ones", push("", ""), "Ana", "", "not among those offered"},
		{"a number in part", []Factor{enrolled("sms1", "sms", "OKTA", "+1 XXX-XXX-1234"), enrolled("sms2", "sms", "OKTA", "+1 XXX-XXX-5678")}, "1234", "sms1", ""},
		{"a number that two share", []Factor{enrolled("sms1", "sms", "OKTA", "+1 XXX-XXX-1234"), enrolled("sms2", "sms", "OKTA", "+1 XXX-XXX-5678")}, "+1", "", "fits several"},
		{"push and code on one device", []Factor{enrolled("ost1", "token:software:totp", "OKTA", "Ana phone"), enrolled("opf1", "push", "OKTA", "Ana phone")}, "Ana", "opf1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				slices.Reverse(tt.offered)
				got, err := Choose(tt.offered, FactorChoice{Device: tt.device}, nil)
				if got.ID != tt.id || (err == nil) != (tt.id != "") {
					t.Fatalf("got %q, %v; want %q", got.ID, err, tt.id)
				}
				if err != nil && (!errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), tt.text)) {
					t.Errorf("error %v, want one with %q", err, tt.text)
				}
			}
		})
	}
}

// The name is asked for among the factors of the wanted kind.
func TestDeviceOfAKind(t *testing.T) {
	offered := []Factor{enrolled("opf1", "push", "OKTA", "Ana phone"), enrolled("sms1", "sms", "OKTA", "Ana's +1 XXX"), enrolled("opf2", "push", "OKTA", "Tablet")}
	if got, err := Choose(offered, FactorChoice{Kind: mfa.Push, Device: "ana"}, nil); err != nil || got.ID != "opf1" {
		t.Errorf("got %q, %v", got.ID, err)
	}
	if got, err := Choose(offered, FactorChoice{Device: "ana"}, nil); err == nil {
		t.Errorf("got %q without a kind", got.ID)
	}
}
