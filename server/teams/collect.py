"""Every setting of ODK Collect that a QR code can carry, in words, with what we suggest.

By the app's own schema of settings. What is not given is reset to the app's default when a code is
scanned; of a value that it does not know the app says nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.problems import Problem

Names = tuple[str, str]
LONGEST = 100


@dataclass(frozen=True)
class Setting:
    """One setting: its name in the app's JSON, its section there, and what may be chosen.

    Without `options` it is a text. True and False stand as 'yes' and 'no' on pages.
    """

    name: str
    section: str
    words: Names
    options: tuple[tuple[str, Names], ...] = ()

    @property
    def key(self) -> str:
        """Return the name under which pages and the database know it."""
        return f"{self.section}.{self.name}"


YES_NO: tuple[tuple[str, Names], ...] = (("yes", ("Có", "Yes")), ("no", ("Không", "No")))
_PLAIN = {"yes": True, "no": False}


def _same(*values: str) -> tuple[tuple[str, Names], ...]:
    return tuple((value, (value, value)) for value in values)


def _general(name: str, vi: str, en: str, *options: tuple[str, Names]) -> Setting:
    return Setting(name, "general", (vi, en), options)


def _asked(name: str, vi: str, en: str) -> Setting:
    return Setting(name, "general", (vi, en), YES_NO)


def _admin(name: str, vi: str, en: str) -> Setting:
    return Setting(name, "admin", (vi, en), YES_NO)


GENERAL: tuple[Setting, ...] = (
    _general(
        "form_update_mode", "Cập nhật biểu mẫu", "Form updates",
        ("match_exactly", ("Đúng như máy chủ", "Exactly as the server")),
        ("previously_downloaded", ("Chỉ biểu mẫu đã tải", "Forms on the phone only")),
        ("manual", ("Người dùng tự tải", "By hand")),
    ),
    _general(
        "periodic_form_updates_check", "Hỏi biểu mẫu mới", "Look for updates",
        ("every_fifteen_minutes", ("15 phút một lần", "Every 15 minutes")),
        ("every_one_hour", ("1 giờ một lần", "Every hour")),
        ("every_six_hours", ("6 giờ một lần", "Every 6 hours")),
        ("every_24_hours", ("24 giờ một lần", "Every 24 hours")),
    ),
    _asked("automatic_update", "Tự tải bản cập nhật", "Download updates by itself"),
    _asked("hide_old_form_versions", "Ẩn phiên bản cũ", "Hide old versions"),
    _general(
        "autosend", "Tự gửi phiếu", "Send by itself",
        ("wifi_and_cellular", ("Khi có mạng bất kỳ", "On any network")),
        ("wifi_only", ("Chỉ khi có wifi", "On wifi only")),
        ("cellular_only", ("Chỉ qua mạng di động", "On mobile data only")),
        ("off", ("Không", "Never")),
    ),
    _asked("delete_send", "Xóa phiếu khỏi máy sau khi gửi", "Delete after sending"),
    _general(
        "constraint_behavior", "Kiểm tra câu trả lời", "Check answers",
        ("on_swipe", ("Ở từng câu", "At each question")),
        ("on_finalize", ("Khi hoàn tất phiếu", "When finalising")),
    ),
    _asked("high_resolution", "Quay video độ nét cao", "High resolution video"),
    _general(
        "image_size", "Cỡ ảnh", "Photo size",
        ("original_image_size", ("Giữ nguyên", "Original")),
        ("large", ("Lớn", "Large")),
        ("medium", ("Vừa", "Medium")),
        ("small", ("Nhỏ", "Small")),
        ("very_small", ("Rất nhỏ", "Very small")),
    ),
    _general(
        "guidance_hint", "Hướng dẫn dưới câu hỏi", "Guidance",
        ("yes_collapsed", ("Gập lại", "Folded")),
        ("yes", ("Luôn hiện", "Always shown")),
        ("no", ("Không hiện", "Not shown")),
    ),
    _asked("external_app_recording", "Ghi âm bằng ứng dụng khác", "Record with another app"),
    _asked("instance_sync", "Hoàn tất phiếu nhập từ thẻ nhớ", "Finalise imported forms"),
    _asked("analytics", "Gửi thống kê sử dụng cho ODK", "Send usage statistics to ODK"),
    _general("metadata_phonenumber", "Số điện thoại ghi trong phiếu", "Phone number in forms"),
    _general("metadata_email", "Thư điện tử ghi trong phiếu", "E-mail in forms"),
    _asked("background_location", "Ghi vị trí trong nền", "Background location"),
    _asked("background_recording", "Ghi âm trong nền", "Background recording"),
    _general(
        "app_language", "Ngôn ngữ ứng dụng", "App language",
        ("vi", ("Tiếng Việt", "Vietnamese")), ("en", ("Tiếng Anh", "English")),
    ),
    _general("font_size", "Cỡ chữ", "Font size", *_same(*(str(n) for n in range(13, 30)))),
    _general(
        "navigation", "Chuyển câu hỏi", "Navigation",
        ("swipe", ("Vuốt", "Swipe")),
        ("buttons", ("Nút bấm", "Buttons")),
        ("swipe_buttons", ("Vuốt và nút bấm", "Both")),
    ),
    _general("basemap_source", "Bản đồ nền", "Base map",
             *_same("google", "mapbox", "osm", "usgs", "carto")),
    _general("google_map_style", "Kiểu bản đồ Google", "Google map style",
             *_same("1", "2", "3", "4")),
    _general("mapbox_map_style", "Kiểu bản đồ Mapbox", "Mapbox map style"),
    _general("usgs_map_style", "Kiểu bản đồ USGS", "USGS map style",
             *_same("topographic", "hybrid", "satellite")),
    _general("carto_map_style", "Kiểu bản đồ Carto", "Carto map style",
             *_same("positron", "dark_matter")),
    _general("reference_layer", "Lớp bản đồ trên máy (đường dẫn)", "Reference layer (path)"),
)  # fmt: skip
ADMIN: tuple[Setting, ...] = (
    Setting("admin_pw", "admin", ("Mật khẩu khóa cài đặt", "Password that locks settings")),
    _admin("edit_saved", "Được sửa bản nháp và phiếu đã gửi", "Edit drafts and sent forms"),
    _admin("send_finalized", "Được tự bấm gửi", "Send by hand"),
    _admin("view_sent", "Được xem phiếu đã gửi", "View sent forms"),
    _admin("get_blank", "Được tự tải biểu mẫu", "Download forms by hand"),
    _admin("delete_saved", "Được xóa phiếu và biểu mẫu", "Delete forms"),
    _admin("change_server", "Được đổi máy chủ", "Change the server"),
    _admin("change_project_display", "Được đổi tên dự án trên máy", "Change the project's name"),
    _admin("change_app_language", "Được đổi ngôn ngữ ứng dụng", "Change the app's language"),
    _admin("change_font_size", "Được đổi cỡ chữ", "Change the font size"),
    _admin("change_navigation", "Được đổi cách chuyển câu hỏi", "Change navigation"),
    _admin("maps", "Được đổi bản đồ", "Change maps"),
    _admin("form_update_mode", "Được đổi cách cập nhật biểu mẫu", "Change form updates"),
    _admin("periodic_form_updates_check", "Được đổi chu kỳ hỏi", "Change how often to look"),
    _admin("automatic_update", "Được đổi việc tự cập nhật", "Change automatic updates"),
    _admin("hide_old_form_versions", "Được đổi việc ẩn bản cũ", "Change hiding of old versions"),
    _admin("change_autosend", "Được đổi việc tự gửi", "Change sending by itself"),
    _admin("delete_after_send", "Được đổi việc xóa sau khi gửi", "Change deleting after sending"),
    _admin("change_constraint_behavior", "Được đổi cách kiểm tra", "Change checking"),
    _admin("high_resolution", "Được đổi độ nét video", "Change video resolution"),
    _admin("image_size", "Được đổi cỡ ảnh", "Change photo size"),
    _admin("guidance_hint", "Được đổi hướng dẫn", "Change guidance"),
    _admin("external_app_recording", "Được đổi cách ghi âm", "Change recording"),
    _admin("instance_form_sync", "Được đổi việc nhập từ thẻ nhớ", "Change imports"),
    _admin("change_form_metadata", "Được đổi tên ghi trong phiếu", "Change names in forms"),
    _admin("analytics", "Được đổi việc gửi thống kê", "Change usage statistics"),
    _admin("moving_backwards", "Được quay lại câu trước", "Go back while filling"),
    _admin("access_settings", "Được mở cài đặt khi đang điền", "Open settings while filling"),
    _admin("change_language", "Được đổi ngôn ngữ biểu mẫu", "Change the form's language"),
    _admin("jump_to", "Được nhảy tới câu khác", "Jump to a question"),
    _admin("save_mid", "Được lưu khi đang điền", "Save while filling"),
    _admin("save_as_draft", "Được lưu bản nháp", "Save as a draft"),
    _admin("finalize_in_form_entry", "Được hoàn tất phiếu khi điền xong", "Finalise at the end"),
    _admin("bulk_finalize", "Được hoàn tất nhiều bản nháp một lúc", "Finalise drafts in bulk"),
)
EVERY: dict[str, Setting] = {each.key: each for each in (*GENERAL, *ADMIN)}
SUGGESTED: dict[str, str] = {
    "general.form_update_mode": "match_exactly",
    "general.periodic_form_updates_check": "every_fifteen_minutes",
    "general.autosend": "wifi_and_cellular",
    "general.delete_send": "no",
    "general.hide_old_form_versions": "yes",
    "general.constraint_behavior": "on_swipe",
    "general.image_size": "original_image_size",
    "general.guidance_hint": "yes_collapsed",
    "general.app_language": "vi",
    "admin.edit_saved": "yes",
    "admin.view_sent": "yes",
    "admin.delete_after_send": "no",
    "admin.change_server": "no",
    "admin.delete_saved": "no",
}
"""For inspection teams: the phone follows the server, sends by itself and forgets nothing."""


class BadSetting(Problem):
    """A setting that the app would pass over in silence."""

    code = "teams.bad-phone-setting"
    status = 422
    message = "“{name}”: {value} không dùng được. Hãy chọn một mục trong danh sách."
    message_en = "'{name_en}': {value} cannot be used. Choose one of the list."


class BadSettingText(Problem):
    """A text that phones or their keyboards would spoil."""

    code = "teams.bad-phone-text"
    status = 422
    message = "“{name}” dài tối đa {longest} ký tự; mật khẩu chỉ gồm chữ không dấu và số."
    message_en = "'{name_en}': {longest} characters at most; the password in plain letters."


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """Return what was chosen, without what is left to the app ('').

    Raises:
        BadSetting, BadSettingText: naming the first setting that cannot be used.
    """
    found = {}
    for key, setting in EVERY.items():
        value = given.get(key, "").strip()
        called = {"name": setting.words[0], "name_en": setting.words[1]}
        if setting.options and value and value not in dict(setting.options):
            raise BadSetting(value=value[:40], **called)
        plain = setting.name != "admin_pw" or (value.isascii() and value.isprintable())
        if not setting.options and (len(value) > LONGEST or not plain):
            raise BadSettingText(longest=LONGEST, **called)
        if value:
            found[key] = value
    return found


def sections(chosen: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the settings as the app reads them, by section.

    >>> sections({"admin.change_server": "no", "general.guidance_hint": "no"})
    {'general': {'guidance_hint': 'no'}, 'admin': {'change_server': False}}
    """
    found: dict[str, dict[str, Any]] = {"general": {}, "admin": {}}
    for key, value in chosen.items():
        setting = EVERY[key]
        read: Callable[[str], Any] = _PLAIN.__getitem__ if setting.options == YES_NO else str
        found[setting.section][setting.name] = read(value)
    return found
