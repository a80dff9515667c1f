package names_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"codeoceanfs/remote/names"
)

func TestEncode(t *testing.T) {
	reserved := []string{".meta.json", "control"}
	for _, c := range []struct{ text, name string }{
		{"ecephys_655019_2023-04-03_18-10-10", "ecephys_655019_2023-04-03_18-10-10"},
		{"Größe 1 µm: [a] *?\"'\\", "Größe 1 µm: [a] *?\"'\\"},
		{" .hidden ", " .hidden "},
		{"a/b", "a%2Fb"},
		{"a\x00b\nc\x1b[1m\x7f", "a%00b%0Ac%1B[1m%7F"},
		{"100%", "100%"},
		{"100% sure", "100% sure"},
		{"100%ab", "100%25ab"},
		{"%2F", "%252F"},
		{"%2f", "%252f"},
		{"%%41", "%%2541"},
		{"%/", "%%2F"},
		{"%4@01234567", "%4%4001234567"},
		{".", "%2E"},
		{"..", "%2E."},
		{"...", "..."},
		{".meta.json", "%2Emeta.json"},
		{".meta.json2", ".meta.json2"},
		{"control", "%63ontrol"},
		{"mouse@01234567", "mouse%4001234567"},
		{"mouse@0123456", "mouse@0123456"},
		{"mouse@ABCDEF01", "mouse@ABCDEF01"},
		{"me@example.org", "me@example.org"},
		{"@01234567", "%4001234567"},
		{"\xff\xfe", "\xff\xfe"},
		{"", "@e3b0c442"},
		{strings.Repeat("x", 255), strings.Repeat("x", 255)},
	} {
		if got := names.Encode(c.text, reserved...); got != c.name {
			t.Errorf("Encode(%q) = %q, want %q", c.text, got, c.name)
		}
		if got, ok := names.Decode(c.name, reserved...); !ok || got != c.text {
			t.Errorf("Decode(%q) = %q, %v, want %q", c.name, got, ok, c.text)
		}
	}
}

func TestDecodeRefusesWhatEncodeNeverMakes(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "a/b", "a\x00b", "%41", "%2f", "%2E.x", "mouse@01234567",
		strings.Repeat("x", 256), ".meta.json",
	} {
		if s, ok := names.Decode(name, ".meta.json"); ok {
			t.Errorf("Decode(%q) = %q, want a refusal", name, s)
		}
	}
}

func TestOverlongNamesAreCutBetweenCharacters(t *testing.T) {
	for what, c := range map[string]struct {
		text string
		kept int // bytes before the suffix
	}{
		"ascii":               {strings.Repeat("x", 256), 246},
		"two-byte characters": {"x" + strings.Repeat("é", 200), 245},
		"four-byte character": {strings.Repeat("x", 244) + strings.Repeat("🧠", 20), 244},
		"escape at the cut":   {strings.Repeat("x", 245) + strings.Repeat("/", 20), 245},
		"escape over the cut": {strings.Repeat("x", 244) + strings.Repeat("/", 20), 244},
		"no UTF-8":            {strings.Repeat("\xbf", 256), 246},
	} {
		name := names.Plain(c.text, "0123ABCD-0000-0000-0000-000000000000")
		plain, id8, ok := names.Split(name)
		if !ok || id8 != "0123abcd" || len(plain) != c.kept {
			t.Errorf("%s: %q: split %q %q %v, want %d bytes kept", what, name, plain, id8, ok, c.kept)
		}
		if _, ok := names.Decode(name); ok {
			t.Errorf("%s: a cut name was decoded", what)
		}
	}
	long := strings.Repeat("x", 300)
	if names.Encode(long+"a") == names.Encode(long+"b") {
		t.Error("two long names with one beginning have become one name")
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{names.File("a.csv"), "a.csv"},
		{names.File(".meta.json", ".meta.json"), "%2Emeta.json"},
		{names.File("a@file"), "a%40file"},
		{names.Shadowed("a"), "a@file"},
		{names.Shadowed("a@file"), "a%40file@file"},
		{names.Shadowed(".."), "%2E.@file"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if got := names.Shadowed(strings.Repeat("x", 255)); len(got) != names.MaxLen {
		t.Errorf("a long shadowed name has %d bytes", len(got))
	}
}

// legal is what the kernel takes.
func legal(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 &&
		!strings.ContainsFunc(name, func(c rune) bool { return c < 0x20 || c == 0x7f || c == '/' })
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", ".", "..", "a/b", "%2F", "%/", "x@01234567", "x@file", ".meta.json", strings.Repeat("é", 130), "\xff%\x00"} {
		f.Add(s, s+"@file")
	}
	const reserved = ".meta.json"
	f.Fuzz(func(t *testing.T, a, b string) {
		made := map[string]string{} // name → text, over both texts and both kinds of file
		for _, s := range []string{a, b} {
			name := names.Encode(s, reserved)
			if !legal(name) || name == reserved {
				t.Fatalf("Encode(%q) = %q is not legal", s, name)
			}
			if utf8.ValidString(s) && !utf8.ValidString(name) {
				t.Fatalf("Encode(%q) = %q cuts a character", s, name)
			}
			back, ok := names.Decode(name, reserved)
			if _, _, cut := names.Split(name); ok != (!cut || s == "") || ok && back != s {
				t.Fatalf("Decode(Encode(%q)) = %q, %v", s, back, ok)
			}
			for _, shadowed := range []bool{false, true} {
				name := names.File(s, reserved)
				if shadowed {
					name = names.Shadowed(s)
				}
				if !legal(name) || name == reserved {
					t.Fatalf("file name of %q = %q is not legal", s, name)
				}
				if back, sh, ok := names.DecodeFile(name, reserved); ok && (back != s || sh != shadowed) {
					t.Fatalf("DecodeFile(%q) = %q, %v, want %q, %v", name, back, sh, s, shadowed)
				} else if !ok && len(name) < names.MaxLen-8 {
					t.Fatalf("DecodeFile(%q) refuses", name)
				}
				key := s
				if shadowed {
					key += "/"
				}
				if other, taken := made[name]; taken && other != key {
					t.Fatalf("%q and %q both become %q", other, key, name)
				}
				made[name] = key
			}
		}
		if a != b && names.Encode(a, reserved) == names.Encode(b, reserved) {
			t.Fatalf("%q and %q both become %q", a, b, names.Encode(a, reserved))
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "..", "%2E.", "%41", "@e3b0c442", "x@file", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if s, ok := names.Decode(name); ok && names.Encode(s) != name {
			t.Fatalf("Decode(%q) = %q, which is %q again", name, s, names.Encode(s))
		}
		if s, shadowed, ok := names.DecodeFile(name); ok && !shadowed && names.File(s) != name {
			t.Fatalf("DecodeFile(%q) = %q, which is %q again", name, s, names.File(s))
		}
	})
}
