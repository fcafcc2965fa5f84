package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestEnvironmentTopic: every variable of ours that the code knows is in "help environment", and
// nothing else of ours.
func TestEnvironmentTopic(t *testing.T) {
	quoted := regexp.MustCompile(`"(SSOEXCHANGE_[A-Z_]+)[="]`)
	var known []string
	for _, dir := range []string{".", "../../sso", "../../filestore", "../../redisstore", "../../internal", "../../mailbox"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(path, "childenv") || path == "topics.go" {
				return err
			}
			data, err := os.ReadFile(path)
			for _, m := range quoted.FindAllStringSubmatch(string(data), -1) {
				if !strings.HasSuffix(m[1], "_") {
					known = append(known, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, p := range sso.Properties() { // which the topic has as SSOEXCHANGE_PROPERTY
		known = slices.DeleteFunc(known, func(name string) bool { return name == "SSOEXCHANGE_"+strings.ToUpper(p.Name) })
	}
	if len(known) < 8 {
		t.Fatalf("only %v were found in the code", known)
	}
	topic := environmentTopic().Long
	for _, name := range known {
		if !strings.Contains(topic, "    "+name+"\n") {
			t.Errorf("%s is in the code and not in the topic", name)
		}
	}
	for _, v := range environment {
		if strings.HasPrefix(v.name, "SSOEXCHANGE_") && v.name != "SSOEXCHANGE_PROPERTY" && !slices.Contains(known, v.name) {
			t.Errorf("%s is in the topic and not in the code", v.name)
		}
	}
}
