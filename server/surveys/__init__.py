"""Form definitions (biểu mẫu phiếu hỏi): workbook to XForm, drafts, versions, media."""
