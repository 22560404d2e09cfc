// The component's own words in the reader's language. It has no setting for them: the build puts
// say() around each literal that words.json names.
import words from "./words.json";

const vietnamese = () => document.documentElement.lang === "vi";

export const say = (english) => (vietnamese() && words[english]) || english;
export const withErrors = (count) =>
  vietnamese() ? `${count} câu hỏi cần sửa.` : `${count} questions with errors.`;
export const savedAt = (metres) =>
  vietnamese() ? ` Vị trí được lưu khi đạt ${metres} m ` : ` Location will be saved at ${metres} m `;
export const savedBefore = (metres) =>
  vietnamese() ? ` Vị trí đã lưu trước: ${metres} m ` : ` Previous saved location at ${metres} m `;

const days = ["Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"];
const short = ["CN", "T2", "T3", "T4", "T5", "T6", "T7"];
const months = Array.from({ length: 12 }, (_, i) => `Tháng ${i + 1}`);

// For the calendar and the lists; days are written as in Vietnam in both languages.
export const locale = () => ({
  dateFormat: "dd/mm/yy",
  firstDayOfWeek: 1,
  ...(vietnamese() && {
    dayNames: days, dayNamesShort: short, dayNamesMin: short,
    monthNames: months, monthNamesShort: months.map((_, i) => `Th${i + 1}`),
    today: "Hôm nay", clear: "Xóa", weekHeader: "Tuần",
    chooseYear: "Chọn năm", chooseMonth: "Chọn tháng", chooseDate: "Chọn ngày",
    prevYear: "Năm trước", nextYear: "Năm sau", prevMonth: "Tháng trước", nextMonth: "Tháng sau",
    prevDecade: "Mười năm trước", nextDecade: "Mười năm sau",
    emptyFilterMessage: "Không tìm thấy", emptySearchMessage: "Không tìm thấy",
    emptyMessage: "Không có lựa chọn nào", noFileChosenMessage: "Chưa chọn tệp",
    searchMessage: "Có {0} kết quả", selectionMessage: "Đã chọn {0}",
    emptySelectionMessage: "Chưa chọn gì",
    aria: { close: "Đóng", previous: "Trước", next: "Sau", listLabel: "Các lựa chọn" },
  }),
});
