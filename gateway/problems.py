"""What each problem's `type` means, in the words of its page under /problems/."""

from __future__ import annotations

from schemas.dataset import Text

PROBLEMS: dict[str, Text] = {
    "bad-input": Text(
        "매개변수나 본문을 받을 수 없습니다. errors가 위치와 내용, 고치는 방법을 알려 줍니다.",
        "A parameter or the body cannot be taken. `errors` says where, what and how to mend each.",
    ),
    "unknown-dataset": Text(
        "그런 데이터셋이 없습니다. /api/v1/datasets 에서 검색해 보세요.",
        "There is no such dataset. Search for it under /api/v1/datasets.",
    ),
    "no-rows": Text(
        "이 데이터셋은 소개만 있고 행은 제공기관에 있습니다. landing_page를 보세요.",
        "The dataset is described here, its rows are with its publisher: see its landing_page.",
    ),
    "unknown-snapshot": Text(
        "그런 스냅숏이 없습니다. /snapshots 에 목록이 있습니다.",
        "The dataset has no such snapshot; /snapshots lists those it has.",
    ),
    "snapshot-gone": Text(
        "보관 기간이 지나 지워진 스냅숏입니다. 현재 스냅숏으로 다시 시작하세요.",
        "The snapshot is past its time and no longer kept. Begin again with the current one.",
    ),
    "unknown-trial": Text(
        "그런 시험이 없습니다. 시험 결과는 하루 동안만, 요청한 사람에게만 보입니다.",
        "There is no such trial. Its result is kept for a day, for whoever asked for it.",
    ),
    "unknown-feed": Text(
        "올린 피드 가운데 그런 것이 없습니다. 폴더에 있는 피드는 운영자가 고칩니다.",
        "No such feed was uploaded. Those in the city's folders are changed there, by an operator.",
    ),
    "barred": Text(
        "담당자가 내렸거나 보존한 데이터셋입니다. 먼저 되살리세요.",
        "A steward withdrew or archived the dataset: restore it first.",
    ),
    "nothing-held": Text(
        "승인을 기다리는 것이 없습니다. 실행 기록을 보세요.",
        "Nothing waits to be let in. The feed's runs say what became of them.",
    ),
    "not-acceptable": Text(
        "Accept에 적힌 형식으로는 줄 수 없습니다. format= 으로 고르세요.",
        "None of the formats in Accept can be given. Choose one with format=.",
    ),
    "already-exists": Text("같은 이름이 이미 있습니다.", "There is one of that name already."),
    "not-found": Text("그런 것이 없거나 당신의 것이 아닙니다.", "There is none, or it is not yours."),
    "sign-in-needed": Text(
        "로그인이 필요합니다. POST /api/v1/sessions 로 로그인하세요.",
        "A person must be signed in: POST /api/v1/sessions.",
    ),
    "wrong-password": Text(
        "이메일과 비밀번호가 맞지 않습니다.", "The address and the password do not belong together."
    ),
    "key-needed": Text(
        "키가 필요합니다. /developers 에서 키를 받아 Authorization: Bearer 로 보내세요.",
        "A key is needed: make one at /developers and send it as Authorization: Bearer KEY.",
    ),
    "insufficient-scope": Text(
        "이 토큰에는 필요한 범위(scope)가 없습니다. WWW-Authenticate에 적힌 범위로 새 토큰을 받으세요.",
        "The token lacks a scope, which WWW-Authenticate names: ask for a token that has it.",
    ),
    "foreign-origin": Text(
        "다른 사이트에서 보낸 요청은 받지 않습니다. 페이지를 새로 고친 뒤 다시 보내세요.",
        "What another site's page sends with your cookie is refused. Reload the page and send it again.",
    ),
    "not-allowed": Text("이 작업을 할 권한이 없습니다.", "You may not do that."),
    "too-costly": Text(
        "찾는 데 너무 오래 걸렸습니다. 키 열이나 시간, bbox로 범위를 좁히세요.",
        "The rows took too long to find. Narrow the request by a key column, time or bbox.",
    ),
    "too-many-rows": Text(
        "읽어야 할 행이 너무 많습니다. 기간(datetime, last)을 줄이거나, 키나 bbox로 찾으세요.",
        "More rows would have to be read than one question may read. Ask of a shorter time (datetime, last),"
        " or for rows by their key or a bbox.",
    ),
    "being-made": Text(
        "파일을 만들고 있습니다. Retry-After 뒤에 다시 받으세요.",
        "The file is being made. Come again after Retry-After.",
    ),
    "too-many-streams": Text(
        "열어 둘 수 있는 스트림이 모두 쓰이고 있습니다. 하나를 닫거나 잠시 뒤 다시 여세요.",
        "As many streams are open as can be. Close one, or open yours again in a moment.",
    ),
    "search-unavailable": Text(
        "검색 엔진이 응답하지 않습니다. 잠시 뒤 다시 시도하세요.",
        "The search engine does not answer. Try again soon.",
    ),
    "invalid-credential": Text(
        "보낸 키나 토큰을 쓸 수 없습니다. 만료되거나 폐기되지 않은 키를 Authorization: Bearer 로 보내세요.",
        "The key or token that was sent opens nothing. Send a live one as Authorization: Bearer KEY.",
    ),
    "unavailable": Text(
        "지금은 키를 확인할 수 없습니다. 키 문제는 아니니 잠시 뒤 다시 시도하세요.",
        "Keys cannot be checked at the moment. Yours is not to blame: try again soon.",
    ),
    "quota-exceeded": Text(
        "허용량을 다 썼습니다. Retry-After 초 뒤에 다시 시도하거나, 가입하고 키를 받으세요.",
        "A limit is used up. Come back after Retry-After seconds; a key has higher limits.",
    ),
    "unexpected": Text(
        "저희 쪽 문제입니다. instance의 번호를 운영자에게 알려 주세요.",
        "The fault is ours. Tell the operator the id in `instance`.",
    ),
    "no-such-address": Text(
        "이 주소에는 아무것도 없습니다. 주소 목록은 /api/v1/openapi.json 에 있습니다.",
        "Nothing is at this address; /api/v1/openapi.json lists those there are.",
    ),
    "method-not-allowed": Text(
        "이 주소에 쓸 수 없는 메서드입니다. Allow 헤더를 보세요.",
        "The address does not take this method; the header Allow says which it takes.",
    ),
    "too-large": Text(
        "본문이 너무 큽니다. 1 MiB까지, 시험할 파일은 512 MiB까지 보낼 수 있습니다.",
        "The body is too large: at most 1 MiB is taken, and 512 MiB of a file that is to be tried.",
    ),
    "not-json": Text(
        "본문은 JSON이어야 합니다. Content-Type: application/json 으로 보내세요.",
        "The body must be JSON, sent with Content-Type: application/json.",
    ),
    "not-that-file": Text(
        "If-Match에 적은 판이 아닙니다. 그 판을 받으려면 snapshot에 식별자를 적으십시오.",
        "It is another version than the one that If-Match names. Ask for that one by snapshot=ID.",
    ),
    "no-such-range": Text(
        "파일에 그 범위의 바이트가 없습니다. Content-Range가 길이를 알려 줍니다.",
        "The file does not reach to that range; Content-Range says how long it is.",
    ),
    "bad-request": Text(
        "요청을 이해할 수 없습니다. 헤더나 본문의 형식을 확인하세요.",
        "The request cannot be understood: its head or body is malformed.",
    ),
}
