package ion_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// TestRecordedAnswers reads answers of real servers, where they are at hand: the mock
// data of okta/okta-signin-widget (playground/mocks/data/idp/idx) in the folder
// okta/idx of $SSOEXCHANGE_CORPUS.
func TestRecordedAnswers(t *testing.T) {
	root := os.Getenv("SSOEXCHANGE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	paths, err := filepath.Glob(filepath.Join(root, "okta", "idx", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("no recorded answers in %s: set SSOEXCHANGE_CORPUS to a folder that has okta/idx/*.json", root)
	}
	forms, choices, unnamed, unknown := 0, 0, 0, map[string]int{}
	for _, path := range paths {
		file := filepath.Base(path)
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ion.Read(recordedStatus(file), body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got, want := len(a.Remediations), recordedForms(body); got != want {
			t.Errorf("%s: %d remediations, recorded %d", file, got, want)
		}
		if a.Error == nil && len(a.Remediations)+len(a.Messages) == 0 && a.Success == nil && !a.SuccessInteractionCode && a.Cancel == nil && a.StateHandle == "" {
			t.Errorf("%s: nothing was read of it", file)
		}
		for i := range a.Remediations {
			f := &a.Remediations[i]
			forms++
			if f.Name == "" {
				t.Errorf("%s: remediation %d has no name", file, i)
			}
			if ion.RoleOf(f.Name) == ion.Unknown {
				unknown[f.Name]++
			}
			if _, err := f.Body(fill(f.Fields)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for _, c := range f.Choices(a) {
				choices++
				signsIn := f.Name == ion.SelectAuthenticate || f.Name == ion.VerificationData
				switch {
				case c.Key != "":
				case signsIn:
					t.Errorf("%s: %s: option %q is not resolved", file, f.Name, c.Label)
				default:
					unnamed++ // some recordings offer to set up what they do not describe
				}
				method := ""
				if len(c.MethodTypes) > 0 {
					method = c.MethodTypes[0]
				}
				if signsIn {
					if _, err := f.Body(c.Values(method)); err != nil {
						t.Errorf("%s: choosing %v: %v", file, c, err)
					}
				}
			}
		}
	}
	t.Logf("read %d files: %d forms, %d choices (%d not resolved), names without a role: %v", len(paths), forms, choices, unnamed, unknown)
}

// recordedStatus is the rule of the widget's mock server: error-NNN-… is NNN, any
// other error… is 403, the rest 200.
func recordedStatus(file string) int {
	if rest, ok := strings.CutPrefix(file, "error-"); ok && len(rest) > 3 {
		if n, err := strconv.Atoi(rest[:3]); err == nil {
			return n
		}
	}
	if strings.HasPrefix(file, "error") {
		return 403
	}
	return 200
}

func recordedForms(body []byte) int {
	var v struct {
		Remediation struct {
			Value []json.RawMessage `json:"value"`
		} `json:"remediation"`
	}
	_ = json.Unmarshal(body, &v)
	return len(v.Remediation.Value)
}
