package checksum

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A JSON object is protected by its last member, the checksum of all the text that is before it.
const (
	seal = ",\n  \"crc32c\": \""
	end  = "\"\n}\n"
)

// MarshalJSON is v as indented JSON with a line feed at its end. An object has a last member "crc32c", by which UnmarshalJSON knows
// the text.
func MarshalJSON(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	if body, ok := bytes.CutSuffix(text, []byte("\n}")); ok {
		return fmt.Appendf(body, "%s%s%s", seal, Text(Of(body)), end), nil
	}
	return append(text, '\n'), nil
}

// UnmarshalJSON reads v from a text. One whose checksum does not fit is an [ErrDamaged]; one without is believed, as those of
// older versions are. v does not see the checksum.
func UnmarshalJSON(text []byte, v any) error {
	body, err := unsealed(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// Sealed reports whether a text has a checksum as MarshalJSON writes it.
func Sealed(text []byte) bool { return bytes.Contains(text, []byte(seal)) }

// unsealed is a text without its checksum, which must fit.
func unsealed(text []byte) ([]byte, error) {
	at := bytes.LastIndex(text, []byte(seal))
	if at < 0 {
		var member struct {
			Sum *string `json:"crc32c"`
		}
		if json.Unmarshal(text, &member) == nil && member.Sum != nil {
			return nil, fmt.Errorf("%w: its checksum is not at its end", ErrDamaged)
		}
		return text, nil
	}
	body := text[:at:at]
	sum := Text(Of(body))
	if rest := string(text[at+len(seal):]); rest != sum+end {
		return nil, fmt.Errorf("%w: its checksum is %s, expected %.8q", ErrDamaged, sum, rest)
	}
	return append(body, "\n}"...), nil
}
