package emulator

import "time"

// Quirks are the choices that nobody documents, one switch each. The zero
// value is the platform as its SDK shows it; a client has to live with all.
type Quirks struct {
	// Answers to a search.

	NumberTokens  bool          // next_token is a number
	LastToken     string        // on the last page: "" absent, "null", "empty", "present"
	NoTokens      bool          // old servers: has_more alone, and paging by offset
	TokenPages    int           // a token dies (400) after a listing's so many pages, once; 0: never
	RepeatToken   bool          // every page from the second on carries the same token, and has_more
	PageSize      int           // pages hold at most so many, whatever was asked; 0: as asked
	Window        int           // offset + limit over this is refused (400); 0: no bound
	ClampLimit    bool          // a limit over 1000 counts as 1000, where otherwise it is refused
	PlainArchived bool          // a plain search includes archived assets
	LongNames     bool          // name: finds names over 20 characters, as documented
	IndexLag      time.Duration // search sees a change so much later than get

	// Shapes of records and other answers.

	StringSizes     bool // sizes as decimal strings
	FloatSizes      bool // sizes with a decimal point
	FloatTimes      bool // times with a fraction
	StringFlags     bool // true and false as strings
	Sparse          bool // no field that can be absent is there
	Nulls           bool // absent fields as null
	ExtraFields     bool // every object has fields that nobody knows
	UpperProvenance bool // provenance with DataAssets, Capsule, …

	// Rights.

	HideForbidden bool // an asset that the user may not see is 404, where otherwise 403

	// Files and their URLs.

	Unsorted        bool          // list files in no order
	SlashedFolders  bool          // a folder's path ends in a slash
	FolderSizes     bool          // a folder has size 0
	MissingIsEmpty  bool          // a missing folder is an empty list, where otherwise it is 404
	RefuseCombined  bool          // no file calls on combined assets, also internal ones
	SignMissing     bool          // a URL is signed for a missing file, and fails at S3
	OldURLs         bool          // only download_url, no urls
	NoOldURLs       bool          // only urls, no download_url
	NoRanges        bool          // S3 ignores Range: 200 and the whole file
	EmptyAfterReady time.Duration // a created asset shows no files for so long after it is ready

	// Changes.

	FullUpdates   bool // update wants all of name, description, tags, mount
	MergeMetadata bool // update merges custom_metadata, where otherwise it replaces it
	NoContent     bool // empty answers are 204, where otherwise 200 with {}
	Created       bool // create answers 201, where otherwise 200
	LaxFields     bool // unknown fields of a request are ignored, where otherwise 400

	// Limits.

	RatePerSecond  int           // API requests over this get 429; 0: no limit
	RetryAfter     time.Duration // what the 429 says; 0: nothing
	MinVersion     string        // the server's version, for Min-Server-Version; "": takes all
	RedirectRegion bool          // S3 answers a wrong region with 301, where otherwise 400
}
