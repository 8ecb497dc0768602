// The page with the phone button: hands WeChat's one-time code to the backend, once.

// Must be among the mini program's allowed request domains.
const BACKEND = 'https://backend.example.com';
const MAX_RETRIES = 2;

Page({
  data: { maskedPhoneNumber: '', hint: '', busy: false },

  onPhoneNumber(event) {
    // `setData` is asynchronous: a second tap can come before the button is disabled.
    if (this.busy) return;
    const { code, errMsg } = event.detail;
    if (!code) {
      // The user said no, which is their right: other ways stay open. Anything else is a matter
      // of set-up (permission, quota) or of a WeChat too old to hand out codes.
      const refused = /deny|cancel/.test(errMsg || '');
      this.setData({ hint: refused ? '您也可以手动填写手机号' : '暂时无法获取，请手动填写手机号' });
      return;
    }
    this.setBusy(true, '');
    this.send(code, MAX_RETRIES);
  },

  send(code, retriesLeft) {
    wx.request({
      url: BACKEND + '/api/phone',
      method: 'POST',
      data: { code },
      timeout: 15000,
      success: (response) => this.onAnswer(code, retriesLeft, response.statusCode, response.data || {}),
      // No answer: the backend may have the number, so this code is done with.
      fail: () => this.setBusy(false, '网络异常，请重新点击按钮'),
    });
  },

  onAnswer(code, retriesLeft, status, answer) {
    if (status === 200) {
      this.setData({ maskedPhoneNumber: answer.maskedPhoneNumber });
      return this.setBusy(false, '');
    }
    switch (answer.action) {
      case 'retry':
        // The code was surely not used: the same one again, without bothering the user.
        if (retriesLeft > 0) {
          const seconds = Math.max(1, answer.retryAfterSeconds || 1);
          setTimeout(() => this.send(code, retriesLeft - 1), seconds * 1000);
          return;
        }
        return this.setBusy(false, '服务繁忙，请稍后再点击按钮');
      case 'tap_again':
        return this.setBusy(false, '授权已失效，请重新点击按钮');
      case 'fix_request':
        console.error('the backend does not understand this page', status);
        return this.setBusy(false, '暂时无法获取，请手动填写手机号');
      case 'try_later':
      default:
        return this.setBusy(false, '暂时无法获取，请稍后再试');
    }
  },

  setBusy(busy, hint) {
    this.busy = busy;
    this.setData({ busy, hint });
  },
});
