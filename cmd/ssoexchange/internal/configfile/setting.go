package configfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Setting is sso.Setting for a name that stands alone, as in a flag or in the file of
// profiles. There it cannot be the rest of a secret, and so it is named if it is
// unknown. form is the hint for one that is no name at all.
func Setting(name, value, form string) (sso.Settings, error) {
	one, err := sso.Setting(name, value)
	var bad *sso.ConfigError
	if errors.As(err, &bad) && strings.HasPrefix(bad.Problem, "not the name of a property") {
		if shown := display.Cut(strings.TrimSpace(name), 40); shown != "" {
			bad.Problem = fmt.Sprintf("unknown property %q", shown)
		}
		bad.Hint = form + "; the names are listed by: ssoexchange properties"
	}
	return one, err
}
