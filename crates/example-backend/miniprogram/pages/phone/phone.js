// The page with the phone button: sends WeChat's one-time code to the backend.

// Must be one of the mini program's request domains (request 合法域名).
const BACKEND = 'https://backend.example.com';
const MAX_RETRIES = 2;

Page({
  data: { maskedPhoneNumber: '', hint: '', busy: false },

  onPhoneNumber(event) {
    // `setData` is asynchronous: a second tap can come before the button is disabled.
    if (this.busy) return;
    const { code, errMsg } = event.detail;
    if (!code) {
      // The user declined, or the mini program has no permission or quota, or WeChat is too old.
      const declined = /deny|cancel/.test(errMsg || '');
      if (!declined) console.error('no code', errMsg);
      this.setData({ hint: declined ? '你已取消授权，可再次点击按钮' : '暂时无法获取手机号，请稍后再试' });
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
      success: (response) => this.onResponse(code, retriesLeft, response.statusCode, response.data || {}),
      // The backend may have used the code, so it is not sent again.
      fail: () => this.setBusy(false, '网络异常，请重新点击按钮授权'),
    });
  },

  onResponse(code, retriesLeft, status, body) {
    if (status === 200) {
      this.setData({ maskedPhoneNumber: body.maskedPhoneNumber });
      return this.setBusy(false, '');
    }
    switch (body.action) {
      case 'retry':
        // The code was not used: send the same one again, without asking the user.
        if (retriesLeft > 0) {
          const seconds = Math.max(1, body.retryAfterSeconds || 1);
          setTimeout(() => this.send(code, retriesLeft - 1), seconds * 1000);
          return;
        }
        return this.setBusy(false, '服务繁忙，请稍后再试');
      case 'tap_again':
        return this.setBusy(false, '授权已失效，请重新点击按钮授权');
      case 'fix_request':
        console.error('the backend rejected the request', status);
        return this.setBusy(false, '暂时无法获取手机号，请稍后再试');
      case 'try_later':
      default:
        return this.setBusy(false, '暂时无法获取手机号，请稍后再试');
    }
  },

  setBusy(busy, hint) {
    this.busy = busy;
    this.setData({ busy, hint });
  },
});
