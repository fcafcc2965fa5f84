package encrypt

import "strings"

const (
	bech32Charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	bech32Sum     = 6 // characters of the checksum
)

// encodeAgeKey writes 32 bytes as an age secret key: Bech32 (BIP 173) with the prefix
// of the age specification. Package age reads keys but makes none of given bytes.
func encodeAgeKey(raw []byte) string {
	const prefix = "age-secret-key-"
	values := toBase32(raw)
	// The checksum is over the prefix's high bits, a zero, its low bits, the data and
	// six zeros in its own place.
	var input []byte
	for i := range len(prefix) {
		input = append(input, prefix[i]>>5)
	}
	input = append(input, 0)
	for i := range len(prefix) {
		input = append(input, prefix[i]&31)
	}
	input = append(append(input, values...), 0, 0, 0, 0, 0, 0)
	sum := bech32Polymod(input) ^ 1
	for i := range bech32Sum {
		values = append(values, byte(sum>>(5*(5-i)))&31)
	}
	var b strings.Builder
	b.WriteString(prefix + "1")
	for _, v := range values {
		b.WriteByte(bech32Charset[v])
	}
	return strings.ToUpper(b.String())
}

// toBase32 regroups bytes into groups of five bits, the last filled up with zeros.
func toBase32(raw []byte) (out []byte) {
	var bits, held uint
	for _, b := range raw {
		bits = bits<<8 | uint(b)
		for held += 8; held >= 5; {
			held -= 5
			out = append(out, byte(bits>>held)&31)
		}
		bits &= 1<<held - 1
	}
	if held > 0 {
		out = append(out, byte(bits<<(5-held))&31)
	}
	return out
}

// bech32Polymod is the checksum of BIP 173.
func bech32Polymod(values []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}
