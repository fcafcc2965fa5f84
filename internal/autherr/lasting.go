package autherr

import "strings"

// TimeLeft begins the end of a hint that is true only when the error is made.
const TimeLeft = ". There is time for about "

// Lasting returns the part of a hint that is still true when it is told again later.
func Lasting(hint string) string {
	hint, _, _ = strings.Cut(hint, TimeLeft)
	return hint
}
