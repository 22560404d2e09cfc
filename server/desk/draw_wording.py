"""The wording of a draw's papers; fields in braces are filled by `draw_values`.

Minutes before and after, the list of visits, the letter to a drawn commune, its timetable. The
Word templates that are shipped come from here (`python tools/build_paper_templates.py`).
"""

from server.documents.blocks import Block, Column, Each, Framed, Paper, Say, Table, When

_DOTS = "………………………………"
_SIGNED = (
    ("THƯ KÝ", "(Ký, ghi rõ họ tên)"),
    ("NGƯỜI CHỨNG KIẾN", "(Ký, ghi rõ họ tên)"),
    ("CHỦ TRÌ", "(Ký tên, đóng dấu)"),
)
_HEAD = (("THỦ TRƯỞNG CƠ QUAN", "(Ký tên, đóng dấu)"),)

_BASES: tuple[Block, ...] = (
    Each("bases", Say("Căn cứ {{ row }};", "basis")),
    Say("Căn cứ {{ plan_said }}.", "basis"),
)
_PEOPLE = Table(
    "people",
    (
        Column("Vai trò", "{{ row.part }}", 26),
        Column("Họ và tên", "{{ row.name }}", 38),
        Column("Chức vụ, đơn vị", "", 36),
    ),
)
_EXCLUDED = When(
    "excluded",
    (
        Say("Đơn vị loại trừ, đã ghi vào danh sách trước khi chốt:"),
        Table(
            "excluded",
            (
                Column("Mã", "{{ row.code }}", 20, "center"),
                Column("Đơn vị", "{{ row.name }}", 40),
                Column("Lý do", "{{ row.reason }}", 40),
            ),
        ),
    ),
    (Say("Không có đơn vị nào bị loại trừ."),),
)
_HISTORY: tuple[Block, ...] = (
    Say(
        "Đây là lần rút thứ {{ attempt }} cho cùng mục đích trong đợt này "
        "(lần rút số {{ number }} trong sổ của kế hoạch)."
    ),
    When(
        "history",
        (
            Say("Các lần đã hủy trước đó:"),
            Table(
                "history",
                (
                    Column("Lần", "{{ row.attempt }}", 9, "center"),
                    Column("Hủy lúc", "{{ row.at }}", 21, "center"),
                    Column("Lý do", "{{ row.reason }}", 36),
                    Column("Người đề nghị", "{{ row.asked_by }}", 17),
                    Column("Người phê duyệt", "{{ row.approved_by }}", 17),
                ),
            ),
        ),
        (Say("Trước lần này không có lần rút nào bị hủy."),),
    ),
    When(
        "kin",
        (
            Say("Trong 12 tháng trước, cùng địa bàn này còn được rút ở kế hoạch hoặc đợt khác:"),
            Table(
                "kin",
                (
                    Column("Kế hoạch", "{{ row.plan }}", 50),
                    Column("Đợt", "{{ row.round }}", 16, "center"),
                    Column("Lần rút", "{{ row.number }}", 12, "center"),
                    Column("Cam kết lúc", "{{ row.at }}", 22, "center"),
                ),
            ),
        ),
    ),
    Say("Mã sổ rút mẫu ngay trước lần này:"),
    Say("{{ prev_hash }}", "code"),
)

BEFORE = Paper(
    name="truoc",
    kind="Biên bản",
    title="Chốt danh sách và cam kết trước khi chọn ngẫu nhiên\n"
    "{{ units_said }} – {{ round_name }}",
    date="{{ committed_day }}",
    symbol="BB-…",
    signed=_SIGNED,
    recipients=("Đoàn giám sát;", "Lưu: VT, hồ sơ rút mẫu."),
    body=(
        *_BASES,
        Say(f"Vào {{{{ committed_said }}}}, tại {_DOTS}, thành phần gồm:", "plain"),
        _PEOPLE,
        Say("I. Danh sách đã chốt", "heading"),
        Say("1. Nguồn: {{ list_source }}. Địa bàn: {{ address }}."),
        Say(
            "2. Danh sách chốt có {{ listed }} đơn vị, loại trừ {{ out }} đơn vị, còn {{ left }} "
            "đơn vị để chọn ({{ share }}). {{ coverage_said }}"
        ),
        _EXCLUDED,
        Say("3. Mã băm SHA-256 của tệp danh sách (frame.tsv):"),
        Say("{{ frame_hash }}", "code"),
        When(
            "private_hash",
            (
                Say(
                    "Họ tên và địa chỉ sau mã số nằm ở tệp riêng, không công khai; "
                    "mã băm của tệp đó:"
                ),
                Say("{{ private_hash }}", "code"),
            ),
        ),
        Say("II. Cách chọn", "heading"),
        Say("{{ method_said }}"),
        Say("Nguồn dãy số công khai: {{ source_said }}."),
        Say("III. Mã cam kết", "heading"),
        Framed(
            (
                Say("{{ commitment_large }}", "code"),
                Say("Lập lúc {{ committed_at }}, giao thức rutmau/1.", "plain"),
            ),
            "commitment_qr",
        ),
        Say(
            "Sau khi biên bản này được in và ký mới gieo số. Danh sách, số lượng, cách chọn và "
            "nguồn số không thay đổi được nữa: đổi một chữ là mã cam kết khác hẳn."
        ),
        Say("IV. Các lần rút trước", "heading"),
        *_HISTORY,
        Say("V. Dãy số công khai (ghi tay tại chỗ, sau khi đã ký)", "heading"),
        Say("{{ boxes }}", "digits"),
        Say("Gieo xong hồi …… giờ …… phút, ngày …… tháng …… năm …………", "plain"),
    ),
    annex=(
        "Danh sách đã chốt của lần rút số {{ number }}",
        (
            Table(
                "frame",
                (
                    Column("STT", "{{ row.index }}", 10, "center"),
                    Column("Mã", "{{ row.code }}", 20, "center"),
                    Column("Đơn vị", "{{ row.name }}", 38),
                    Column("Ghi chú", "{{ row.note }}", 32),
                ),
            ),
        ),
    ),
)

_RESULT = Table(
    "result",
    (
        Column("TT", "{{ row.rank }}", 65, "center"),
        Column("Mã", "{{ row.code }}", 150, "center"),
        Column("Đơn vị", "{{ row.name }}", 205),
        Column("Số phiếu", "{{ row.ticket }}", 195, "center"),
        Column("Xác suất", "{{ row.chance }}", 165, "center"),
        Column("Quyền số", "{{ row.weight }}", 85, "center"),
        Column("Vai trò", "{{ row.role }}", 135),
    ),
    size=11,
)
_RESULT_CODES = Table(
    "result", tuple(column for column in _RESULT.columns if column.title != "Đơn vị"), size=11
)
_RESULT_IN_STRATA = Table(
    "result", (Column("Tầng", "{{ row.stratum }}", 120), *_RESULT.columns), size=10
)

AFTER = Paper(
    name="sau",
    kind="Biên bản",
    title="Lựa chọn ngẫu nhiên {{ units_said }} – {{ round_name }}",
    date="{{ seeded_day }}",
    symbol="BB-…",
    signed=_SIGNED,
    recipients=("Đoàn giám sát;", "Đơn vị được chọn;", "Lưu: VT, hồ sơ rút mẫu."),
    body=(
        *_BASES,
        Say(f"Vào {{{{ seeded_said }}}}, tại {_DOTS}, thành phần gồm:", "plain"),
        _PEOPLE,
        Say("I. Danh sách và cam kết", "heading"),
        Say(
            "Danh sách chốt theo {{ list_source }}, địa bàn {{ address }}: {{ listed }} đơn vị, "
            "loại trừ {{ out }}, còn {{ left }} đơn vị để chọn. {{ coverage_said }}"
        ),
        _EXCLUDED,
        Say("Mã băm SHA-256 của danh sách:"),
        Say("{{ frame_hash }}", "code"),
        Say("Mã cam kết, lập lúc {{ committed_at }}, in và ký trước khi gieo số:"),
        Say("{{ commitment_hash }}", "code"),
        Say("{{ method_said }}"),
        Say("II. Dãy số công khai", "heading"),
        Say(
            "Nguồn số đã cam kết: {{ source_said }}. Dãy số được đọc trước những người chứng kiến "
            "và nhập lúc {{ seeded_at }}:"
        ),
        Say("{{ digits }}", "digits"),
        Say("III. Kết quả", "heading"),
        When(
            "in_strata",
            (_RESULT_IN_STRATA,),
            (When("named", (_RESULT,), (_RESULT_CODES,)),),
        ),
        Say(
            "Quyền số là nghịch đảo của xác suất. Đơn vị dự phòng chỉ được dùng theo đúng thứ tự, "
            "khi có lý do và được phê duyệt."
        ),
        When(
            "replaced",
            (
                Say("Đơn vị đã thay thế:"),
                Table(
                    "replaced",
                    (
                        Column("Lần", "{{ row.position }}", 9, "center"),
                        Column("Đơn vị không thực hiện được", "{{ row.unit }}", 27),
                        Column("Lý do", "{{ row.reason }}", 24),
                        Column("Dự phòng được dùng", "{{ row.released }}", 24),
                        Column("Người phê duyệt", "{{ row.by }}", 16),
                    ),
                ),
            ),
        ),
        Say("IV. Các lần rút trước và sổ rút mẫu", "heading"),
        *_HISTORY,
        Say("Mã sổ sau lần này:"),
        Say("{{ head_hash }}", "code"),
        Say("V. Cách tự kiểm tra", "heading"),
        Say(
            "1. Cả lần rút: tải gói kiểm chứng (tệp zip), mở tệp verify_draw.html trong gói bằng "
            "trình duyệt rồi chọn gói, hoặc chạy: python verify_draw.py gói.zip. "
            "So mã cam kết với biên bản đã ký."
        ),
        Say(
            "2. Một đơn vị, ví dụ {{ check_name }}mã {{ check_code }}, trên máy có sha256sum, "
            "gõ bốn dòng sau:"
        ),
        Framed(
            (
                Say("{{ check_commands }}", "commands"),
                Say("Phải ra:\n{{ check_answer }}", "commands"),
            ),
            "check_qr",
        ),
        Say(
            "Đổi dãy ký tự đó sang số thập phân rồi viết ngược lại sau “0.” thì được số phiếu "
            "trong bảng. Thay mã đơn vị để kiểm tra đơn vị khác."
        ),
        Say(
            "Biên bản lập xong hồi …… giờ …… phút cùng ngày, đã đọc cho mọi người cùng nghe và "
            "thống nhất ký."
        ),
    ),
)

VISITS = Paper(
    name="luot",
    kind="Danh sách",
    title="{{ units_said_capital }} được chọn để giám sát – {{ round_name }}",
    symbol="DS-…",
    signed=_HEAD,
    recipients=("Đoàn giám sát;", "Lưu: VT."),
    body=(
        Say(
            "(Kèm theo biên bản lựa chọn ngẫu nhiên, lần rút số {{ number }}, {{ seeded_day }}; "
            "mã cam kết {{ commitment_short }}…)",
            "basis",
        ),
        Table(
            "units",
            (
                Column("STT", "{{ row.index }}", 8, "center"),
                Column("Mã", "{{ row.code }}", 20, "center"),
                Column("Đơn vị", "{{ row.name }}", 30),
                Column("Thuộc", "{{ row.within }}", 22),
                Column("Ghi chú", "{{ row.note }}", 20),
            ),
        ),
        Say("Danh sách có {{ units_count }} đơn vị."),
    ),
)

NOTICE = Paper(
    name="thong-bao",
    kind="",
    title="V/v giám sát, đánh giá tại {{ commune }}",
    symbol="…-…",
    signed=_HEAD,
    recipients=("Như trên;", "Đoàn giám sát;", "Lưu: VT."),
    body=(
        Say("Kính gửi: Ủy ban nhân dân {{ commune }}", "to"),
        Say("Thực hiện {{ plan_said }}{{ parent_said }};"),
        Say(
            "Căn cứ kết quả lựa chọn ngẫu nhiên {{ seeded_day }} (lần rút số {{ number }}, "
            "mã cam kết {{ commitment_short }}…), {{ commune }} được chọn để giám sát trong "
            "{{ round_name }}. {{ issuer }} thông báo như sau:"
        ),
        Say("1. Thời gian: {{ visit_days }}."),
        Say(
            "2. Địa điểm: trụ sở Ủy ban nhân dân {{ commune }} và một số thôn, xóm, tổ dân phố, "
            "hộ gia đình được chọn ngẫu nhiên, báo khi đoàn làm việc."
        ),
        Say("3. Thành phần đoàn: {{ visit_team }}."),
        Say(
            "4. Nội dung: công tác chỉ đạo, văn bản triển khai; phân bổ, giải ngân và quyết toán "
            "vốn; tiến độ và kết quả từng dự án; việc rà soát hộ nghèo, hộ cận nghèo; khắc phục "
            "những tồn tại đã chỉ ra; tham vấn cán bộ và đối tượng thụ hưởng."
        ),
        Say(
            "5. Đề nghị Ủy ban nhân dân {{ commune }}: chuẩn bị báo cáo, hồ sơ, sổ sách của các "
            "dự án; bố trí cán bộ phụ trách làm việc với đoàn và người dẫn đường đến thôn; "
            "gửi báo cáo về {{ issuer }} trước ngày ……/……/…………"
        ),
        Say(
            "Việc chọn là ngẫu nhiên, ai cũng tự kiểm tra được bằng gói kiểm chứng kèm biên bản. "
            "Lịch chung của đợt ở phụ lục kèm theo."
        ),
        Say("Đề nghị Ủy ban nhân dân {{ commune }} quan tâm phối hợp./."),
    ),
)

TIMETABLE = Paper(
    name="lich",
    kind="Phụ lục",
    title="Lịch giám sát – {{ round_name }}",
    letterhead=False,
    landscape=True,
    body=(
        Say("(Kèm theo Văn bản số ………… ngày …… tháng …… năm ………… của {{ issuer }})", "basis"),
        Table(
            "timetable",
            (
                Column("STT", "{{ row.index }}", 6, "center"),
                Column("Đơn vị", "{{ row.name }}", 24),
                Column("Lượt", "{{ row.code }}", 14, "center"),
                Column("Thời gian", "{{ row.days }}", 22, "center"),
                Column("Đoàn", "{{ row.team }}", 22),
                Column("Ghi chú", "{{ row.note }}", 14),
            ),
        ),
    ),
)

PAPERS = (BEFORE, AFTER, VISITS, NOTICE, TIMETABLE)
